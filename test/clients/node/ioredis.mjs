// The program of ioredis.
import { Redis } from 'ioredis';
import { address, main, same, sameSet, near, truth, fails, eventually, Inbox } from './check.mjs';

// c is the client that the sections use; other is a second one, for what needs
// somebody else: a publisher, a pusher, a rival.
const c = new Redis(address());
const other = new Redis(address());

async function strings() {
  await same('SET', c.set('greeting', 'hello'), 'OK');
  await same('GET', c.get('greeting'), 'hello');
  await same('GET of a missing key', c.get('missing'), null);
  await same('APPEND', c.append('greeting', ' world'), 11);
  await same('STRLEN', c.strlen('greeting'), 11);
  await same('GETRANGE', c.getrange('greeting', -5, -1), 'world');
  await same('SETRANGE', c.setrange('greeting', 6, 'there'), 11);
  await same('INCR', c.incr('counter'), 1);
  await same('INCRBY', c.incrby('counter', 41), 42);
  await same('DECRBY', c.decrby('counter', 2), 40);
  await same('INCRBYFLOAT', c.incrbyfloat('counter', 0.5), '40.5');
  await fails('INCR of a word', c.incr('greeting'), 'ERR value is not an integer or out of range');
  await same('MSET', c.mset(new Map([['a', 1], ['b', 2]])), 'OK');
  await same('MGET', c.mget('a', 'missing', 'b'), ['1', null, '2']);
  await same('SET NX', c.set('a', 9, 'NX'), null);
  await same('SET EX KEEPTTL', c.set('session', 's', 'EX', 60), 'OK');
  const left = await c.ttl('session');
  truth('TTL', left > 55 && left <= 60);
  await same('GETEX', c.getex('session', 'PERSIST'), 's');
  await same('TTL after GETEX PERSIST', c.ttl('session'), -1);
  await same('GETSET', c.getset('a', 10), '1');
  await same('GETDEL', c.getdel('a'), '10');
  const binary = Buffer.from([0, 255, 13, 10, 36]);
  await c.set('binary', binary);
  truth('GET binary', binary.equals(await c.getBuffer('binary')));
}

async function bitmaps() {
  await same('SETBIT', c.setbit('bits', 7, 1), 0);
  await same('GETBIT', c.getbit('bits', 7), 1);
  await c.set('foobar', 'foobar');
  await same('BITCOUNT', c.bitcount('foobar'), 26);
  await same('BITCOUNT BIT', c.bitcount('foobar', 5, 30, 'BIT'), 17);
  await same('BITPOS', c.bitpos('bits', 1), 7);
  await same('BITOP', c.bitop('XOR', 'zero', 'foobar', 'foobar'), 6);
  await same('BITFIELD', c.bitfield('field', 'INCRBY', 'i5', 100, 1, 'GET', 'u4', 0), [1, 0]);
}

// scanned collects what a stream of pages yields.
async function scanned(stream) {
  const all = [];
  for await (const page of stream) all.push(...page);
  return all;
}

async function keys() {
  await Promise.all(Array.from({ length: 300 }, (_, i) => c.set(`user:${i}`, i)));
  await c.set('thing', 'x');
  await same('keys that SCAN finds', new Set(await scanned(c.scanStream({ match: 'user:*', count: 20 }))).size, 300);
  await same('DBSIZE', c.dbsize(), 301);
  await same('TYPE', c.type('thing'), 'string');
  await same('OBJECT ENCODING', c.object('ENCODING', 'thing'), 'embstr');
  await same('EXPIRE', c.expire('thing', 100, 'NX'), 1);
  await same('EXPIRE NX', c.expire('thing', 100, 'NX'), 0);
  await same('PERSIST', c.persist('thing'), 1);
  await same('RENAMENX', c.renamenx('thing', 'user:1'), 0);
  await same('COPY', c.copy('thing', 'copied'), 1);
  await same('UNLINK', c.unlink('thing', 'copied', 'missing'), 2);
  await c.pexpire('user:1', 20);
  await eventually('the key expires', async () => !(await c.exists('user:1')));
}

async function dump() {
  await c.set('thing', 'x');
  await same('RESTORE', c.restore('restored', 0, await c.dumpBuffer('thing')), 'OK');
  await same('the string', c.get('restored'), 'x');
}

async function pipelines() {
  const pipeline = c.pipeline();
  for (let i = 0; i < 1000; i++) pipeline.set(`k${i}`, i).incr(`k${i}`);
  const replies = await pipeline.exec();
  for (let i = 0; i < 1000; i++) await same('INCR', replies[2 * i + 1], [null, i + 1]);
  const [, [bad], after] = await c.pipeline().set('word', 'x').incr('word').get('word').exec();
  await same('the bad command', bad?.message, 'ERR value is not an integer or out of range');
  await same('the command after', after, [null, 'x']);
  const auto = new Redis({ ...address(), enableAutoPipelining: true });
  await same('automatic pipelines', Promise.all(['k1', 'k2', 'missing'].map((k) => auto.get(k))), ['2', '3', null]);
  auto.disconnect();
}

async function hashes() {
  await same('HSET', c.hset('bike', { model: 'Deimos', price: 4972 }), 2);
  await same('HGET', c.hget('bike', 'model'), 'Deimos');
  await same('HGETALL', c.hgetall('bike'), { model: 'Deimos', price: '4972' });
  await same('HMGET', c.hmget('bike', 'price', 'x'), ['4972', null]);
  await same('HINCRBY', c.hincrby('bike', 'price', 100), 5072);
  await same('HINCRBYFLOAT', c.hincrbyfloat('bike', 'price', 0.5), '5072.5');
  await same('HSETNX', c.hsetnx('bike', 'model', 'x'), 0);
  await same('HEXISTS', c.hexists('bike', 'model'), 1);
  await same('HDEL', c.hdel('bike', 'price', 'x'), 1);
  await same('HKEYS', c.hkeys('bike'), ['model']);
  await same('HRANDFIELD', c.hrandfield('bike', 3, 'WITHVALUES'), ['model', 'Deimos']);
  await c.hset('large', new Map(Array.from({ length: 1000 }, (_, i) => [`f${i}`, i])));
  await same('HLEN', c.hlen('large'), 1000);
  const found = await scanned(c.hscanStream('large', { count: 50 }));
  await same('fields that HSCAN finds', new Set(found.filter((_, i) => i % 2 === 0)).size, 1000);
  await same('value of f77', found[found.indexOf('f77') + 1], '77');
}

async function lists() {
  await same('RPUSH', c.rpush('l', 'a', 'b', 'c'), 3);
  await same('LPUSH', c.lpush('l', 'z'), 4);
  await same('LRANGE', c.lrange('l', 0, -1), ['z', 'a', 'b', 'c']);
  await same('LINDEX', c.lindex('l', -1), 'c');
  await same('LINSERT', c.linsert('l', 'AFTER', 'a', 'ab'), 5);
  await same('LPOS', c.lpos('l', 'b', 'RANK', -1), 3);
  await same('LSET', c.lset('l', 0, 'y'), 'OK');
  await same('LREM', c.lrem('l', 1, 'ab'), 1);
  await same('LTRIM', c.ltrim('l', 0, 2), 'OK');
  await same('LMOVE', c.lmove('l', 'm', 'RIGHT', 'LEFT'), 'b');
  await same('RPOPLPUSH', c.rpoplpush('l', 'm'), 'a');
  await same('LPOP count', c.lpop('m', 9), ['a', 'b']);
  await same('LMPOP', c.lmpop(2, 'm', 'l', 'LEFT', 'COUNT', 5), ['l', ['y']]);
  await same('LLEN', c.llen('l'), 0);
  await c.set('s', 'x');
  await fails('LPUSH to a string', c.lpush('s', 'y'), 'WRONGTYPE');
  const many = Array.from({ length: 5000 }, (_, i) => `${i}`);
  await same('RPUSH of 5000', c.rpush('large', ...many), 5000);
  await same('LRANGE of all', c.lrange('large', 0, -1), many);
}

async function sort() {
  await c.rpush('n', 3, 1, 2);
  await same('SORT', c.sort('n', 'LIMIT', 0, 2, 'DESC'), ['3', '2']);
  await same('SORT STORE', c.sort('n', 'STORE', 'sorted'), 3);
  await same('the stored list', c.lrange('sorted', 0, -1), ['1', '2', '3']);
}

async function sets() {
  await same('SADD', c.sadd('fr', '1', '2', '3', '1'), 3);
  await same('SADD of a list', c.sadd('us', ['1', 'four']), 2);
  await same('SMISMEMBER', c.smismember('fr', '2', '4'), [1, 0]);
  await sameSet('SMEMBERS', c.smembers('fr'), ['1', '2', '3']);
  await same('SINTER', c.sinter('fr', 'us'), ['1']);
  await sameSet('SUNION', c.sunion('fr', 'us'), ['1', '2', '3', 'four']);
  await sameSet('SDIFF', c.sdiff('fr', 'us'), ['2', '3']);
  await same('SINTERCARD', c.sintercard(2, 'fr', 'us', 'LIMIT', 5), 1);
  await same('SDIFFSTORE', c.sdiffstore('d', 'fr', 'us'), 2);
  await same('SMOVE', c.smove('fr', 'us', '2'), 1);
  await same('SREM', c.srem('us', '2', 'x'), 1);
  await same('SISMEMBER', c.sismember('us', '2'), 0);
  await same('SPOP', (await c.spop('d', 1)).length, 1);
  await same('SRANDMEMBER', (await c.srandmember('d', -5)).length, 5);
  await c.sadd('large', Array.from({ length: 1000 }, (_, i) => `m${i}`));
  await same('SCARD', c.scard('large'), 1000);
  await same('members that SSCAN finds', new Set(await scanned(c.sscanStream('large'))).size, 1000);
}

async function zsets() {
  await same('ZADD', c.zadd('z', 10, 'Norem', 12, 'Castilla', 8, 'Sam'), 3);
  await same('ZADD GT CH', c.zadd('z', 'GT', 'CH', 9, 'Norem', 14, 'Castilla'), 1);
  await same('ZADD INCR', c.zadd('z', 'INCR', 2.5, 'Norem'), '12.5');
  await same('ZSCORE', c.zscore('z', 'Castilla'), '14');
  await same('ZRANK', c.zrank('z', 'Norem'), 1);
  await same('ZRANGE WITHSCORES', c.zrange('z', 0, 1, 'WITHSCORES'), ['Sam', '8', 'Norem', '12.5']);
  await same('ZRANGE BYSCORE', c.zrange('z', '+inf', '(8', 'BYSCORE', 'REV', 'LIMIT', 1, 1), ['Norem']);
  await same('ZRANGEBYSCORE', c.zrangebyscore('z', '-inf', '(12.5', 'WITHSCORES'), ['Sam', '8']);
  await same('ZCOUNT', c.zcount('z', '-inf', 12.5), 2);
  await same('ZMSCORE', c.zmscore('z', 'Norem', 'x'), ['12.5', null]);
  await same('ZPOPMAX', c.zpopmax('z'), ['Castilla', '14']);
  await same('ZMPOP', c.zmpop(1, 'z', 'MIN'), ['z', [['Sam', '8']]]);
  await c.zadd('lex', 0, 'a', 0, 'b', 0, 'c', 0, 'd');
  await same('ZRANGEBYLEX', c.zrangebylex('lex', '[b', '(d'), ['b', 'c']);
  await same('ZLEXCOUNT', c.zlexcount('lex', '-', '+'), 4);
  await same('ZUNIONSTORE', c.zunionstore('u', 2, 'lex', 'z', 'WEIGHTS', 1, 2), 5);
  await same('ZDIFF', c.zdiff(2, 'u', 'lex', 'WITHSCORES'), ['Norem', '25']);
  await same('ZINTERCARD', c.zintercard(2, 'u', 'lex'), 4);
  await same('ZRANGESTORE', c.zrangestore('part', 'lex', 0, 1), 2);
  await same('ZREMRANGEBYLEX', c.zremrangebylex('lex', '[a', '[b'), 2);
  await same('ZREM', c.zrem('lex', 'c', 'x'), 1);
  await c.zadd('large', ...Array.from({ length: 1000 }, (_, i) => [i, `m${i}`]).flat());
  await same('ZREVRANK in the middle', c.zrevrank('large', 'm499'), 500);
  const found = await scanned(c.zscanStream('large'));
  await same('members that ZSCAN finds', new Set(found.filter((_, i) => i % 2 === 0)).size, 1000);
  await same('score of m7', found[found.indexOf('m7') + 1], '7');
}

async function streams() {
  for (const id of ['1-1', '2-1', '3-1']) await same('XADD', c.xadd('races', id, 'rider', `r${id}`), id);
  const [first, second, third] = ['1-1', '2-1', '3-1'].map((id) => [id, ['rider', `r${id}`]]);
  await same('XLEN', c.xlen('races'), 3);
  await same('XRANGE', c.xrange('races', '-', '+', 'COUNT', 1), [first]);
  await same('XREVRANGE', c.xrevrange('races', '+', '(2-1'), [third]);
  await same('XREAD', c.xread('COUNT', 10, 'STREAMS', 'races', '1-1'), [['races', [second, third]]]);
  await same('XGROUP CREATE', c.xgroup('CREATE', 'races', 'g', '0'), 'OK');
  await fails('XGROUP CREATE again', c.xgroup('CREATE', 'races', 'g', '0'), 'BUSYGROUP');
  const group = (consumer, id) => c.xreadgroup('GROUP', 'g', consumer, 'COUNT', 2, 'STREAMS', 'races', id);
  await same('XREADGROUP >', group('alice', '>'), [['races', [first, second]]]);
  await same('XREADGROUP > of another', group('bob', '>'), [['races', [third]]]);
  await same('XREADGROUP 0', group('alice', '0'), [['races', [first, second]]]);
  await same('XREADGROUP of nothing', group('alice', '>'), null);
  await same('XACK', c.xack('races', 'g', '1-1', '9-9'), 1);
  await same('XPENDING', c.xpending('races', 'g'), [2, '2-1', '3-1', [['alice', '1'], ['bob', '1']]]);
  const [long] = await c.xpending('races', 'g', '-', '+', 10, 'bob');
  await same('XPENDING of bob', [long[0], long[1], long[3]], ['3-1', 'bob', 1]);
  await same('XCLAIM', c.xclaim('races', 'g', 'carol', 0, '2-1', 'JUSTID'), ['2-1']);
  await same('XAUTOCLAIM', c.xautoclaim('races', 'g', 'carol', 0, '0', 'COUNT', 10), ['0-0', [second, third], []]);
  await same('XINFO GROUPS', c.xinfo('GROUPS', 'races'), [['name', 'g', 'consumers', 3, 'pending', 2, 'last-delivered-id', '3-1', 'entries-read', 3, 'lag', 0]]);
  await same('XINFO STREAM FULL', (await c.xinfo('STREAM', 'races', 'FULL')).slice(0, 2), ['length', 3]);
  await same('XGROUP DESTROY', c.xgroup('DESTROY', 'races', 'g'), 1);
  await same('XDEL', c.xdel('races', '2-1'), 1);
  await same('XTRIM', c.xtrim('races', 'MAXLEN', '=', 1), 1);
}

async function geo() {
  await same('GEOADD', c.geoadd('Sicily', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania'), 2);
  await same('GEODIST', c.geodist('Sicily', 'Palermo', 'Catania', 'km'), '166.2742');
  await same('GEOHASH', c.geohash('Sicily', 'Palermo', 'Catania'), ['sqc8b49rny0', 'sqdtr74hyu0']);
  const [[longitude], none] = await c.geopos('Sicily', 'Palermo', 'x');
  await near('longitude', longitude, 13.361389);
  await same('GEOPOS of a missing member', none, null);
  await same('GEOSEARCH', c.geosearch('Sicily', 'FROMLONLAT', 15, 37, 'BYBOX', 400, 400, 'km', 'ASC', 'WITHDIST'), [['Catania', '56.4413'], ['Palermo', '190.4424']]);
  await same('GEORADIUSBYMEMBER', c.georadiusbymember('Sicily', 'Palermo', 100, 'km'), ['Palermo']);
  await same('GEOSEARCHSTORE', c.geosearchstore('found', 'Sicily', 'FROMMEMBER', 'Catania', 'BYRADIUS', 200, 'km', 'STOREDIST'), 2);
  await near('stored distance', c.zscore('found', 'Palermo'), 166.2742);
}

async function hll() {
  await same('PFADD', c.pfadd('h', 'a', 'b', 'c', 'd'), 1);
  await same('PFADD again', c.pfadd('h', 'a'), 0);
  await c.pfadd('i', 'd', 'e');
  await same('PFMERGE', c.pfmerge('u', 'h', 'i'), 'OK');
  await same('PFCOUNT', c.pfcount('u'), 5);
}

async function transactions() {
  await same('EXEC', c.multi().set('a', 1).incr('a').get('a').exec(), [[null, 'OK'], [null, 2], [null, '2']]);
  const [, [bad], after] = await c.multi().set('word', 'x').incr('word').get('word').exec();
  await same('the bad command', bad?.message, 'ERR value is not an integer or out of range');
  await same('the command after', after, [null, 'x']);
  await fails('a transaction with a wrong command', c.multi().set('never', 1).call('NOSUCHCOMMAND').exec(), 'EXECABORT');
  await same('nothing of it ran', c.exists('never'), 0);
  await same('MULTI without a pipeline', c.multi({ pipeline: false }), 'OK');
  await same('QUEUED', c.set('b', 1), 'QUEUED');
  await same('DISCARD', c.discard(), 'OK');
  await same('WATCH', c.watch('a'), 'OK');
  await same('EXEC without a conflict', c.multi().incr('a').exec(), [[null, 3]]);
  await c.watch('a');
  await other.set('a', 100);
  await same('EXEC with a conflict', c.multi().incr('a').exec(), null);
  await c.watch('a');
  await other.set('a', 101);
  await same('UNWATCH', c.unwatch(), 'OK');
  await same('EXEC after UNWATCH', c.multi().incr('a').exec(), [[null, 102]]);
}

async function scripts() {
  c.defineCommand('add', { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" });
  await same('a defined command', c.add('n', 41), 41);
  await same('a defined command again', c.add('n', 1), 42);
  await same('a defined command in a pipeline', c.pipeline().add('n', 1).get('n').exec(), [[null, 43], [null, '43']]);
  await same('EVAL', c.eval("return {KEYS[1], ARGV[1], 2.9, true, false, 'x'}", 1, 'k', 'v'), ['k', 'v', 2, 1, null, 'x']);
  const sha = await c.script('LOAD', 'return 1');
  await same('EVALSHA', c.evalsha(sha, 0), 1);
  await same('SCRIPT EXISTS', c.script('EXISTS', sha, '00'), [1, 0]);
  await c.script('FLUSH');
  await fails('EVALSHA of the forgotten', c.evalsha(sha, 0), 'NOSCRIPT');
  await same('EVAL_RO', c.eval_ro("return redis.call('GET', KEYS[1])", 1, 'n'), '43');
  await fails('a failing call', c.eval("return redis.call('INCR', KEYS[1], 'x')", 1, 'n'), 'ERR Wrong number of args calling Redis command from script');
}

async function functions() {
  await c.function('FLUSH');
  const library = "#!lua name=iolib\nredis.register_function('echo', function(keys, args) return {keys[1], args[1]} end)";
  await same('FUNCTION LOAD', c.function('LOAD', library), 'iolib');
  await same('FCALL', c.fcall('echo', 1, 'k', 'v'), ['k', 'v']);
  const dump = await c.functionBuffer('DUMP');
  await same('FUNCTION DELETE', c.function('DELETE', 'iolib'), 'OK');
  await fails('FCALL of the deleted', c.fcall('echo', 0), 'ERR Function not found');
  await same('FUNCTION RESTORE', c.function('RESTORE', dump, 'FLUSH'), 'OK');
  await same('FCALL of the restored', c.fcall('echo', 1, 'k', 'v'), ['k', 'v']);
}

async function pubsub() {
  const sub = new Redis(address());
  const plain = new Inbox(), pattern = new Inbox(), shard = new Inbox();
  sub.on('message', plain.push);
  sub.on('pmessage', pattern.push);
  sub.on('smessage', shard.push);
  await same('SUBSCRIBE', sub.subscribe('news', 'weather'), 2);
  await same('PSUBSCRIBE', sub.psubscribe('n?ws*'), 3);
  await same('SSUBSCRIBE', sub.ssubscribe('local'), 1);
  await sameSet('PUBSUB CHANNELS', other.pubsub('CHANNELS'), ['news', 'weather']);
  await same('PUBSUB NUMSUB', other.pubsub('NUMSUB', 'news', 'none'), ['news', 1, 'none', 0]);
  await same('PUBLISH', other.publish('news', 'hello'), 2);
  await same('message', plain.next('message'), ['news', 'hello']);
  await same('pmessage', pattern.next('pmessage'), ['n?ws*', 'news', 'hello']);
  await same('SPUBLISH', other.spublish('local', 'x'), 1);
  await same('smessage', shard.next('smessage'), ['local', 'x']);
  await same('UNSUBSCRIBE', sub.unsubscribe('news', 'weather'), 1);
  await same('PUNSUBSCRIBE', sub.punsubscribe('n?ws*'), 0);
  await same('SUNSUBSCRIBE', sub.sunsubscribe('local'), 0);
  await same('PUBLISH to nobody', other.publish('news', 'x'), 0);
  // It is an ordinary connection again.
  await same('GET after unsubscribing', sub.get('missing'), null);
  sub.disconnect();
}

// meanwhile starts a blocking call, and acts once it blocks.
async function meanwhile(call, act) {
  await eventually('a blocked client', async () => (await other.info('clients')).includes('\r\nblocked_clients:1\r\n'));
  await act();
  return call;
}

async function blocking() {
  await c.rpush('ready', 'a');
  await same('BLPOP with data', c.blpop('empty', 'ready', 1), ['ready', 'a']);
  await same('BLPOP that times out', c.blpop('empty', 0.01), null);
  await same('BLPOP', meanwhile(c.blpop('p', 'q', 0), () => other.rpush('q', 'x', 'y')), ['q', 'x']);
  await same('BRPOPLPUSH', meanwhile(c.brpoplpush('src', 'dst', 5), () => other.lpush('src', 'job')), 'job');
  await same('BZPOPMAX', meanwhile(c.bzpopmax('z', 5), () => other.zadd('z', 2, 'b')), ['z', 'b', '2']);
  await same('XREAD BLOCK', meanwhile(c.xread('BLOCK', 5000, 'STREAMS', 's', '$'), () => other.xadd('s', '1-1', 'f', 'v')), [['s', [['1-1', ['f', 'v']]]]]);
  await c.xgroup('CREATE', 's', 'g', '$');
  await same('XREADGROUP BLOCK', meanwhile(c.xreadgroup('GROUP', 'g', 'me', 'BLOCK', 5000, 'STREAMS', 's', '>'),
    () => other.xadd('s', '2-1', 'f', 'w')), [['s', [['2-1', ['f', 'w']]]]]);
  const id = await c.client('ID');
  await same('BLMOVE that is unblocked', meanwhile(c.blmove('never', 'x', 'LEFT', 'LEFT', 0), () => other.client('UNBLOCK', id)), null);
}

await main(() => c.flushall(), {
  strings, bitmaps, keys, dump, pipelines, hashes, lists, sort, sets, zsets, streams, geo, hll, transactions, scripts, functions,
  pubsub, blocking,
});
c.disconnect();
other.disconnect();
