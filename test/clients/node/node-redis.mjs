// The program of node-redis (npm: redis).
import { BasicClientSideCache, createClient, defineScript } from 'redis';
import { address, main, same, sameSet, near, truth, fails, eventually, Inbox } from './check.mjs';

const sum = defineScript({
  SCRIPT: "return redis.call('INCRBY', KEYS[1], ARGV[1]) + 1",
  NUMBER_OF_KEYS: 1,
  parseCommand(parser, key, n) { parser.pushKey(key); parser.push(String(n)); },
  transformReply: (reply) => reply,
});

async function connect(options = {}) {
  const client = createClient({ socket: address(), ...options });
  client.on('error', (err) => { throw err; });
  return client.connect();
}

// c is the client that the sections use; other is a second one, for what needs
// somebody else: a publisher, a pusher, a rival.
const c = await connect({ scripts: { sum } });
const other = await connect();

async function strings() {
  await same('SET', c.set('greeting', 'hello'), 'OK');
  await same('GET', c.get('greeting'), 'hello');
  await same('GET of a missing key', c.get('missing'), null);
  await same('APPEND', c.append('greeting', ' world'), 11);
  await same('STRLEN', c.strLen('greeting'), 11);
  await same('GETRANGE', c.getRange('greeting', -5, -1), 'world');
  await same('SETRANGE', c.setRange('greeting', 6, 'there'), 11);
  await same('GET after SETRANGE', c.get('greeting'), 'hello there');
  await same('INCR', c.incr('counter'), 1);
  await same('INCRBY', c.incrBy('counter', 41), 42);
  await same('DECRBY', c.decrBy('counter', 2), 40);
  await same('INCRBYFLOAT', c.incrByFloat('counter', 0.5), '40.5');
  await fails('INCR of a word', c.incr('greeting'), 'ERR value is not an integer or out of range');
  await same('MSET', c.mSet({ a: '1', b: '2' }), 'OK');
  await same('MGET', c.mGet(['a', 'missing', 'b']), ['1', null, '2']);
  await same('SET NX', c.set('a', '9', { condition: 'NX' }), null);
  await same('SET GET', c.set('a', '10', { GET: true }), '1');
  await same('GETDEL', c.getDel('a'), '10');
  await same('SET EX', c.set('session', 's', { expiration: { type: 'EX', value: 60 } }), 'OK');
  const left = await c.ttl('session');
  truth('TTL', left > 55 && left <= 60);
  await same('GETEX', c.getEx('session', { type: 'PERSIST' }), 's');
  await same('TTL after GETEX PERSIST', c.ttl('session'), -1);
  const binary = Buffer.from([0, 255, 13, 10, 36]);
  await c.set('binary', binary);
  truth('GET binary', binary.equals(await c.withTypeMapping({ 36: Buffer }).get('binary')));
  await c.mSet({ k1: 'ohmytext', k2: 'mynewtext' });
  await same('LCS', c.lcs('k1', 'k2'), 'mytext');
}

async function bitmaps() {
  await same('SETBIT', c.setBit('bits', 7, 1), 0);
  await same('GETBIT', c.getBit('bits', 7), 1);
  await c.set('foobar', 'foobar');
  await same('BITCOUNT', c.bitCount('foobar'), 26);
  await same('BITCOUNT 1 1', c.bitCount('foobar', { start: 1, end: 1 }), 6);
  await same('BITPOS', c.bitPos('bits', 1), 7);
  await same('BITOP', c.bitOp('OR', 'both', ['foobar', 'bits']), 6);
  await same('BITFIELD', c.bitField('field', [
    { operation: 'INCRBY', encoding: 'i5', offset: 100, increment: 1 },
    { operation: 'GET', encoding: 'u4', offset: 0 }]), [1, 0]);
}

async function keys() {
  await Promise.all(Array.from({ length: 300 }, (_, i) => c.set(`user:${i}`, `${i}`)));
  await c.set('thing', 'x');
  const seen = new Set();
  for await (const page of c.scanIterator({ MATCH: 'user:*', COUNT: 20 })) page.forEach((k) => seen.add(k));
  await same('keys that SCAN finds', seen.size, 300);
  await same('DBSIZE', c.dbSize(), 301);
  await same('TYPE', c.type('thing'), 'string');
  await same('OBJECT ENCODING', c.objectEncoding('user:7'), 'int');
  await same('EXPIRE', c.expire('thing', 100), 1);
  await same('EXPIRE GT', c.expire('thing', 50, 'GT'), 0);
  await same('PERSIST', c.persist('thing'), 1);
  await same('RENAME', c.rename('thing', 'renamed'), 'OK');
  await fails('RENAME of nothing', c.rename('thing', 'renamed'), 'ERR no such key');
  await same('COPY', c.copy('renamed', 'copied'), 1);
  await same('UNLINK', c.unlink(['renamed', 'copied', 'missing']), 2);
  await c.pExpire('user:1', 20);
  await eventually('the key expires', async () => !(await c.exists('user:1')));
}

async function dump() {
  await c.rPush('l', ['a', '1', '70000']);
  const image = await c.withTypeMapping({ 36: Buffer }).dump('l');
  await same('RESTORE', c.restore('copied', 0, image), 'OK');
  await same('the list', c.lRange('copied', 0, -1), ['a', '1', '70000']);
  await fails('RESTORE to a key that exists', c.restore('copied', 0, image), 'BUSYKEY');
}

// Commands of one tick share a write; execAsPipeline does without MULTI.
async function pipelines() {
  const jobs = [];
  for (let i = 0; i < 1000; i++) jobs.push(c.set(`k${i}`, i), c.incr(`k${i}`));
  const replies = await Promise.all(jobs);
  for (let i = 0; i < 1000; i++) await same('INCR', replies[2 * i + 1], i + 1);
  await same('execAsPipeline', c.multi().set('a', '1').incr('a').get('a').execAsPipeline(), ['OK', 2, '2']);
  const settled = await Promise.allSettled([c.set('word', 'x'), c.incr('word'), c.get('word')]);
  await same('the bad command', settled[1].reason?.message, 'ERR value is not an integer or out of range');
  await same('the command after', settled[2].value, 'x');
}

async function hashes() {
  await same('HSET', c.hSet('bike', { model: 'Deimos', brand: 'Ergonom', price: 4972 }), 3);
  await same('HGET', c.hGet('bike', 'model'), 'Deimos');
  await same('HGETALL', c.hGetAll('bike'), { model: 'Deimos', brand: 'Ergonom', price: '4972' });
  await same('HGETALL of nothing', c.hGetAll('missing'), {});
  await same('HMGET', c.hmGet('bike', ['price', 'x']), ['4972', null]);
  await same('HINCRBY', c.hIncrBy('bike', 'price', 100), 5072);
  await same('HINCRBYFLOAT', c.hIncrByFloat('bike', 'price', 0.5), '5072.5');
  await same('HSETNX', c.hSetNX('bike', 'model', 'x'), 0);
  await same('HEXISTS', c.hExists('bike', 'brand'), 1);
  await same('HDEL', c.hDel('bike', ['brand', 'x']), 1);
  await sameSet('HKEYS', c.hKeys('bike'), ['model', 'price']);
  await sameSet('HVALS', c.hVals('bike'), ['Deimos', '5072.5']);
  await same('HSTRLEN', c.hStrLen('bike', 'model'), 6);
  await same('HRANDFIELD', (await c.hRandFieldCountWithValues('bike', 9)).length, 2);
  await c.hSet('large', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, i])));
  await same('HLEN', c.hLen('large'), 1000);
  const values = {};
  for await (const page of c.hScanIterator('large', { COUNT: 50 })) for (const e of page) values[e.field] = e.value;
  await same('fields that HSCAN finds', Object.keys(values).length, 1000);
  await same('value of f77', values.f77, '77');
}

async function lists() {
  await same('RPUSH', c.rPush('l', ['a', 'b', 'c']), 3);
  await same('LPUSH', c.lPush('l', 'z'), 4);
  await same('LRANGE', c.lRange('l', 0, -1), ['z', 'a', 'b', 'c']);
  await same('LINDEX', c.lIndex('l', -1), 'c');
  await same('LINSERT', c.lInsert('l', 'BEFORE', 'b', 'ab'), 5);
  await same('LPOS', c.lPos('l', 'b'), 3);
  await same('LSET', c.lSet('l', 0, 'y'), 'OK');
  await same('LREM', c.lRem('l', 0, 'ab'), 1);
  await same('LTRIM', c.lTrim('l', 0, 2), 'OK');
  await same('LMOVE', c.lMove('l', 'm', 'RIGHT', 'LEFT'), 'b');
  await same('LPOP count', c.lPopCount('l', 9), ['y', 'a']);
  await same('LPOP of nothing', c.lPop('l'), null);
  await same('LMPOP', c.lmPop(['l', 'm'], 'LEFT'), ['m', ['b']]);
  await c.set('s', 'x');
  await fails('LPUSH to a string', c.lPush('s', 'y'), 'WRONGTYPE');
  const many = Array.from({ length: 5000 }, (_, i) => `${i}`);
  await same('RPUSH of 5000', c.rPush('large', many), 5000);
  await same('LRANGE of all', c.lRange('large', 0, -1), many);
}

async function sort() {
  await c.rPush('n', ['3', '1', '2']);
  await same('SORT', c.sort('n', { DIRECTION: 'DESC' }), ['3', '2', '1']);
  await c.mSet({ w_1: 'c', w_2: 'b', w_3: 'a' });
  await same('SORT BY GET', c.sort('n', { BY: 'w_*', GET: 'w_*', ALPHA: true }), ['a', 'b', 'c']);
  await same('SORT STORE', c.sortStore('n', 'sorted'), 3);
}

async function sets() {
  await same('SADD', c.sAdd('fr', ['1', '2', '3', '1']), 3);
  await c.sAdd('us', ['1', 'four']);
  await same('SISMEMBER', c.sIsMember('us', 'four'), 1);
  await same('SMISMEMBER', c.smIsMember('fr', ['2', '4']), [1, 0]);
  await sameSet('SMEMBERS', c.sMembers('fr'), ['1', '2', '3']);
  await same('SINTER', c.sInter(['fr', 'us']), ['1']);
  await sameSet('SUNION', c.sUnion(['fr', 'us']), ['1', '2', '3', 'four']);
  await sameSet('SDIFF', c.sDiff(['fr', 'us']), ['2', '3']);
  await same('SINTERCARD', c.sInterCard(['fr', 'us'], { LIMIT: 5 }), 1);
  await same('SUNIONSTORE', c.sUnionStore('all', ['fr', 'us']), 4);
  await same('SMOVE', c.sMove('fr', 'us', '2'), 1);
  await same('SREM', c.sRem('us', ['2', 'x']), 1);
  await same('SPOP', (await c.sPopCount('all', 3)).length, 3);
  await same('SCARD', c.sCard('all'), 1);
  await c.sAdd('large', Array.from({ length: 1000 }, (_, i) => `m${i}`));
  const seen = new Set();
  for await (const page of c.sScanIterator('large')) page.forEach((m) => seen.add(m));
  await same('members that SSCAN finds', seen.size, 1000);
}

async function zsets() {
  await same('ZADD', c.zAdd('z', [{ score: 10, value: 'Norem' }, { score: 12, value: 'Castilla' }, { score: 8, value: 'Sam' }]), 3);
  await same('ZADD GT CH', c.zAdd('z', [{ score: 9, value: 'Norem' }, { score: 14, value: 'Castilla' }], { comparison: 'GT', CH: true }), 1);
  await same('ZSCORE', c.zScore('z', 'Castilla'), 14);
  await same('ZINCRBY', c.zIncrBy('z', 2.5, 'Norem'), 12.5);
  await same('ZRANK', c.zRank('z', 'Norem'), 1);
  await same('ZREVRANK', c.zRevRank('z', 'Castilla'), 0);
  await same('ZRANGE REV WITHSCORES', c.zRangeWithScores('z', 0, 0, { REV: true }), [{ value: 'Castilla', score: 14 }]);
  await same('ZRANGE BYSCORE', c.zRange('z', '(8', '+inf', { BY: 'SCORE', LIMIT: { offset: 1, count: 1 } }), ['Castilla']);
  await same('ZCOUNT', c.zCount('z', '-inf', 12.5), 2);
  await same('ZMSCORE', c.zmScore('z', ['Norem', 'x']), [12.5, null]);
  await same('ZPOPMAX', c.zPopMax('z'), { value: 'Castilla', score: 14 });
  await same('ZMPOP', c.zmPop(['none', 'z'], 'MIN'), { key: 'z', members: [{ value: 'Sam', score: 8 }] });
  await c.zAdd('lex', ['a', 'b', 'c', 'd'].map((value) => ({ score: 0, value })));
  await same('ZRANGE BYLEX', c.zRange('lex', '[b', '(d', { BY: 'LEX' }), ['b', 'c']);
  await same('ZUNIONSTORE', c.zUnionStore('u', ['lex', 'z']), 5);
  await same('ZINTER', c.zInter(['lex', 'u']), ['a', 'b', 'c', 'd']);
  await same('ZDIFF', c.zDiff(['u', 'lex']), ['Norem']);
  await same('ZRANGESTORE', c.zRangeStore('part', 'lex', 0, 1), 2);
  await same('ZREMRANGEBYRANK', c.zRemRangeByRank('lex', 0, 1), 2);
  await same('ZREM', c.zRem('lex', ['c', 'x']), 1);
  await c.zAdd('inf', { score: -Infinity, value: 'a' });
  await same('ZSCORE -inf', c.zScore('inf', 'a'), -Infinity);
  await c.zAdd('large', Array.from({ length: 1000 }, (_, i) => ({ score: i, value: `m${i}` })));
  await same('ZRANK in the middle', c.zRank('large', 'm500'), 500);
  const seen = {};
  for await (const page of c.zScanIterator('large')) for (const e of page) seen[e.value] = e.score;
  await same('members that ZSCAN finds', Object.keys(seen).length, 1000);
  await same('score of m7', seen.m7, 7);
}

async function streams() {
  for (const id of ['1-1', '2-1', '3-1']) await same('XADD', c.xAdd('races', id, { rider: `r${id}` }), id);
  await fails('XADD of an old ID', c.xAdd('races', '1-1', { a: 'b' }), 'ERR The ID specified in XADD is equal or smaller');
  await same('XLEN', c.xLen('races'), 3);
  await same('XRANGE', c.xRange('races', '-', '+', { COUNT: 1 }), [{ id: '1-1', message: { rider: 'r1-1' } }]);
  const ids = (messages) => messages.map((m) => m.id);
  await same('XREVRANGE', ids(await c.xRevRange('races', '+', '-')), ['3-1', '2-1', '1-1']);
  const read = await c.xRead({ key: 'races', id: '1-1' }, { COUNT: 10 });
  await same('XREAD', [read[0].name, ids(read[0].messages)], ['races', ['2-1', '3-1']]);

  await same('XGROUP CREATE', c.xGroupCreate('races', 'g', '0', { MKSTREAM: true }), 'OK');
  await fails('XGROUP CREATE again', c.xGroupCreate('races', 'g', '0'), 'BUSYGROUP');
  const group = async (consumer, id) => ids((await c.xReadGroup('g', consumer, { key: 'races', id }, { COUNT: 2 }))[0].messages);
  await same('XREADGROUP >', group('alice', '>'), ['1-1', '2-1']);
  await same('XREADGROUP > of another', group('bob', '>'), ['3-1']);
  await same('XREADGROUP 0', group('alice', '0'), ['1-1', '2-1']);
  await same('XREADGROUP of nothing', c.xReadGroup('g', 'bob', { key: 'races', id: '>' }), null);
  await same('XACK', c.xAck('races', 'g', ['1-1', '9-9']), 1);
  await same('XPENDING', c.xPending('races', 'g'), { pending: 2, firstId: '2-1', lastId: '3-1',
    consumers: [{ name: 'alice', deliveriesCounter: 1 }, { name: 'bob', deliveriesCounter: 1 }] });
  const [long] = await c.xPendingRange('races', 'g', '-', '+', 10, { consumer: 'bob' });
  await same('XPENDING of bob', [long.id, long.consumer, long.deliveriesCounter], ['3-1', 'bob', 1]);
  await same('XCLAIM', ids(await c.xClaim('races', 'g', 'carol', 0, ['2-1'])), ['2-1']);
  const auto = await c.xAutoClaim('races', 'g', 'carol', 0, '0');
  await same('XAUTOCLAIM', [auto.nextId, ids(auto.messages), auto.deletedMessages], ['0-0', ['2-1', '3-1'], []]);
  await same('XINFO GROUPS', c.xInfoGroups('races'), [{ name: 'g', consumers: 3, pending: 2, 'last-delivered-id': '3-1', 'entries-read': 3, lag: 0 }]);
  await same('XINFO CONSUMERS', (await c.xInfoConsumers('races', 'g')).map((x) => [x.name, x.pending]), [['alice', 0], ['bob', 0], ['carol', 2]]);
  await same('XGROUP DELCONSUMER', c.xGroupDelConsumer('races', 'g', 'carol'), 2);
  await same('XDEL', c.xDel('races', '2-1'), 1);
  await same('XTRIM', c.xTrim('races', 'MAXLEN', 1), 1);
  const info = await c.xInfoStream('races');
  await same('XINFO STREAM', [info.length, info['last-generated-id'], info.groups], [1, '3-1', 1]);
}

async function geo() {
  await same('GEOADD', c.geoAdd('Sicily', [{ longitude: 13.361389, latitude: 38.115556, member: 'Palermo' },
    { longitude: 15.087269, latitude: 37.502669, member: 'Catania' }]), 2);
  await near('GEODIST', c.geoDist('Sicily', 'Palermo', 'Catania', 'km'), 166.2742);
  await same('GEOHASH', c.geoHash('Sicily', ['Palermo', 'x']), ['sqc8b49rny0', null]);
  const [at, none] = await c.geoPos('Sicily', ['Palermo', 'x']);
  await near('longitude', at.longitude, 13.361389);
  await same('GEOPOS of a missing member', none, null);
  const middle = { longitude: 15, latitude: 37 };
  await same('GEOSEARCH', c.geoSearch('Sicily', middle, { radius: 200, unit: 'km' }, { SORT: 'ASC' }), ['Catania', 'Palermo']);
  const [first] = await c.geoSearchWith('Sicily', middle, { width: 150, height: 150, unit: 'km' }, ['WITHDIST', 'WITHCOORD']);
  await near('distance', first.distance, 56.4413);
  await near('latitude', first.coordinates.latitude, 37.502669);
  await same('GEOSEARCHSTORE', c.geoSearchStore('found', 'Sicily', middle, { radius: 100, unit: 'km' }), 1);
}

async function hll() {
  await same('PFADD', c.pfAdd('h', ['a', 'b', 'c', 'd']), 1);
  await same('PFADD again', c.pfAdd('h', 'a'), 0);
  await c.pfAdd('i', ['d', 'e']);
  await same('PFCOUNT of two', c.pfCount(['h', 'i']), 5);
  await same('PFMERGE', c.pfMerge('u', ['h', 'i']), 'OK');
  await same('PFCOUNT', c.pfCount('u'), 5);
}

async function transactions() {
  await same('EXEC', c.multi().set('a', '1').incr('a').get('a').exec(), ['OK', 2, '2']);
  await fails('a transaction with an error', c.multi().set('word', 'x').incr('word').set('after', '1').exec(), '1 commands failed');
  await same('what follows the error', c.get('after'), '1');
  await fails('a transaction with an unknown command', c.multi().set('never', '1').addCommand(['NOSUCHCOMMAND']).exec(), 'ERR unknown command');
  await same('nothing of it ran', c.exists('never'), 0);
  await c.watch('a');
  await same('EXEC without a conflict', c.multi().incr('a').exec(), [3]);
  await c.watch('a');
  await other.set('a', '100');
  await fails('EXEC with a conflict', c.multi().incr('a').exec(), 'One (or more) of the watched keys has been changed');
  await same('the key of the other', c.get('a'), '100');
}

async function scripts() {
  await same('a script of the client', c.sum('n', 41), 42);
  await same('EVAL', c.eval("return {KEYS[1], ARGV[1], 2.9, true}", { keys: ['k'], arguments: ['v'] }), ['k', 'v', 2, 1]);
  const sha = await c.scriptLoad('return 1');
  await same('SCRIPT LOAD', sha, 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db');
  await same('EVALSHA', c.evalSha(sha), 1);
  await same('SCRIPT EXISTS', c.scriptExists([sha, '00']), [1, 0]);
  await same('SCRIPT FLUSH', c.scriptFlush(), 'OK');
  await fails('EVALSHA of the forgotten', c.evalSha(sha), 'NOSCRIPT');
  await same('after SCRIPT FLUSH the client sends the script again', c.sum('n', 1), 43);
  await fails('a failing call', c.eval("return redis.call('HSET', KEYS[1], 'f')", { keys: ['n'] }), 'ERR Wrong number of args calling Redis command from script');
  await fails('an error of Lua', c.eval("error('boom')"), 'ERR user_script:1: boom');
  await same('cjson', c.eval("return cjson.encode({a={1,2}})"), '{"a":[1,2]}');
}

async function functions() {
  const library = `#!lua name=nlib
    redis.register_function{function_name='add', callback=function(keys, args) return tonumber(args[1]) + tonumber(args[2]) end, flags={'no-writes'}}`;
  await c.functionFlush();
  await same('FUNCTION LOAD', c.functionLoad(library, { REPLACE: true }), 'nlib');
  await same('FCALL', c.fCall('add', { keys: [], arguments: ['40', '2'] }), 42);
  await same('FCALL_RO', c.fCallRo('add', { keys: [], arguments: ['1', '2'] }), 3);
  await same('FUNCTION LIST', c.functionList(), [{ library_name: 'nlib', engine: 'LUA',
    functions: [{ name: 'add', description: null, flags: ['no-writes'] }] }]);
  const dump = await c.withTypeMapping({ 36: Buffer }).functionDump();
  await same('FUNCTION DELETE', c.functionDelete('nlib'), 'OK');
  await fails('FCALL of the deleted', c.fCall('add', { keys: [], arguments: [] }), 'ERR Function not found');
  await same('FUNCTION RESTORE', c.functionRestore(dump), 'OK');
  await same('FCALL of the restored', c.fCall('add', { keys: [], arguments: ['40', '3'] }), 43);
  await c.functionFlush();
}

async function pubsub() {
  const sub = await c.duplicate().connect();
  const plain = new Inbox(), pattern = new Inbox(), shard = new Inbox();
  await sub.subscribe('news', plain.push);
  await sub.pSubscribe('n?ws*', pattern.push);
  await sub.sSubscribe('local', shard.push);
  await same('PUBSUB CHANNELS', other.pubSubChannels(), ['news']);
  await same('PUBSUB NUMSUB', other.pubSubNumSub(['news', 'none']), { news: 1, none: 0 });
  await same('PUBSUB NUMPAT', other.pubSubNumPat(), 1);
  await same('PUBLISH', other.publish('news', 'hello'), 2);
  await same('message', plain.next('message'), ['hello', 'news']);
  await same('pmessage', pattern.next('pmessage'), ['hello', 'news']);
  await same('SPUBLISH', other.sPublish('local', 'x'), 1);
  await same('smessage', shard.next('smessage'), ['x', 'local']);
  await sub.unsubscribe('news');
  await same('PUBLISH to the pattern', other.publish('news', 'again'), 1);
  await same('pmessage', pattern.next('pmessage'), ['again', 'news']);
  await sub.pUnsubscribe();
  await same('PUBLISH to nobody', other.publish('news', 'x'), 0);
  sub.destroy();
}

// meanwhile starts a blocking call, and acts once it blocks.
async function meanwhile(call, act) {
  await eventually('a blocked client', async () => (await other.info('clients')).includes('\r\nblocked_clients:1\r\n'));
  await act();
  return call;
}

async function blocking() {
  await c.rPush('ready', 'a');
  await same('BLPOP with data', c.blPop(['empty', 'ready'], 1), { key: 'ready', element: 'a' });
  await same('BLPOP that times out', c.blPop('empty', 0.01), null);
  await same('BRPOP', meanwhile(c.brPop('q', 0), () => other.rPush('q', ['x', 'y'])), { key: 'q', element: 'y' });
  await same('BLMOVE', meanwhile(c.blMove('src', 'dst', 'LEFT', 'RIGHT', 5), () => other.lPush('src', 'job')), 'job');
  await same('BLMPOP', meanwhile(c.blmPop(5, ['p', 'r'], 'LEFT'), () => other.lPush('r', 'x')), ['r', ['x']]);
  await same('BZPOPMIN', meanwhile(c.bzPopMin('z', 5), () => other.zAdd('z', { score: 2, value: 'b' })), { key: 'z', value: 'b', score: 2 });
  await same('XREAD BLOCK', meanwhile(c.xRead({ key: 's', id: '$' }, { BLOCK: 5000 }), () => other.xAdd('s', '1-1', { f: 'v' })),
    [{ name: 's', messages: [{ id: '1-1', message: { f: 'v' } }] }]);
}

async function resp3() {
  const c3 = await connect({ RESP: 3 });
  await c3.hSet('h', 'f', 'v');
  await same('HGETALL', c3.hGetAll('h'), { f: 'v' });
  await same('HGETALL as a map', c3.withTypeMapping({ 37: Map }).hGetAll('h'), { f: 'v' });
  await c3.zAdd('z', { score: 1.5, value: 'a' });
  await same('a double', c3.sendCommand(['ZSCORE', 'z', 'a']), 1.5);
  await same('null', c3.sendCommand(['GET', 'missing']), null);
  await same('a boolean', c3.sendCommand(['EVAL', 'redis.setresp(3); return true', '0']), true);
  await same('pairs', c3.zRangeWithScores('z', 0, -1), [{ value: 'a', score: 1.5 }]);
  truth('a verbatim string', (await c3.sendCommand(['CLIENT', 'LIST'])).includes(' resp=3'));
  await same('CONFIG GET', c3.configGet('maxmemory'), { maxmemory: '0' });
  // Messages come as pushes, so the connection takes commands too.
  const inbox = new Inbox();
  await c3.subscribe('news', inbox.push);
  await same('GET while subscribed', c3.get('missing'), null);
  await other.publish('news', 'x');
  await same('message', inbox.next('message'), ['x', 'news']);
  c3.destroy();
}

async function caching() {
  const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: 'LRU', recordStats: true });
  const cached = await connect({ RESP: 3, clientSideCache: cache });
  await other.set('k', '1');
  await same('the first read', cached.get('k'), '1');
  await same('the second read', cached.get('k'), '1');
  await same('hits of the cache', cache.stats().hitCount, 1);
  await other.set('k', '2');
  await eventually('the invalidation arrives', async () => (await cached.get('k')) === '2');
  await other.flushAll();
  await eventually('FLUSHALL invalidates', async () => (await cached.get('k')) === null);
  cached.destroy();
}

async function fieldttl() {
  await c.hSet('h', { a: '1', b: '2' });
  await same('HEXPIRE', c.hExpire('h', ['a', 'x'], 3600), [1, -2]);
  const [left, none] = await c.hTTL('h', ['a', 'b']);
  truth('HTTL', left > 3590 && left <= 3600 && none === -1);
  await same('HPERSIST', c.hPersist('h', 'a'), [1]);
  await same('HPEXPIRE', c.hpExpire('h', 'b', 20), [1]);
  await eventually('the field expires', async () => !(await c.hExists('h', 'b')));
  await same('HGETDEL', c.hGetDel('h', 'a'), ['1']);
  await same('HSETEX', c.hSetEx('h', { d: '4' }), 1);
  await same('HGETEX', c.hGetEx('h', 'd', { expiration: 'PERSIST' }), ['4']);
}

await main(() => c.flushAll(), {
  strings, bitmaps, keys, dump, pipelines, hashes, lists, sort, sets, zsets, streams, geo, hll, transactions, scripts, functions,
  pubsub, blocking, resp3, caching, fieldttl,
});
c.destroy();
other.destroy();
