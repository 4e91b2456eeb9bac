<?php
// The program of PHP's redis extension, as the distribution packages it.
declare(strict_types=1);

const PATIENCE_S = 10; // bounds every wait

error_reporting(E_ALL & ~E_DEPRECATED);
ini_set('display_errors', 'stderr');
ini_set('default_socket_timeout', '30');

class Difference extends Exception {}

function same(string $what, mixed $got, mixed $want): void {
    if ($got !== $want) {
        throw new Difference("$what: got " . json_encode($got) . ', want ' . json_encode($want));
    }
}

// unordered does not look at the order of a list.
function unordered(string $what, array $got, array $want): void {
    sort($got);
    sort($want);
    same($what, $got, $want);
}

function truth(string $what, bool $ok): void {
    if (!$ok) {
        throw new Difference("$what: it is not so");
    }
}

function near(string $what, float|string $got, float $want): void {
    if (abs((float) $got - $want) >= 1e-4) {
        throw new Difference("$what: got $got, want $want");
    }
}

// fails requires a call that returns false because of an error that begins so;
// the extension throws some errors.
function fails(string $what, callable $call, string $prefix): void {
    global $r;
    $r->clearLastError();
    try {
        $got = $call();
        $error = (string) $r->getLastError();
    } catch (RedisException $e) {
        [$got, $error] = [false, $e->getMessage()];
    }
    if ($got !== false || !str_starts_with($error, $prefix)) {
        throw new Difference("$what: got " . json_encode($got) . " and error '$error', want error '$prefix'...");
    }
}

function eventually(string $what, callable $condition): void {
    for ($deadline = microtime(true) + PATIENCE_S; !$condition(); usleep(2000)) {
        if (microtime(true) > $deadline) {
            throw new Difference('after ' . PATIENCE_S . " s still not: $what");
        }
    }
}

function client(): Redis {
    $addr = getenv('LARDER_ADDR') ?: throw new Exception("LARDER_ADDR is empty: set it to the server's host:port");
    $at = strrpos($addr, ':');
    $client = new Redis();
    $client->connect(substr($addr, 0, $at), (int) substr($addr, $at + 1));
    return $client;
}

// background runs a piece of code, which may use the functions of this file, in a
// second PHP.
function background(string $code): mixed {
    $program = 'require ' . var_export(__FILE__, true) . ';' . $code;
    return proc_open([PHP_BINARY, '-r', $program], [1 => STDERR, 2 => STDERR], $pipes);
}

// meanwhile makes a blocking call; a second process acts once it blocks.
function meanwhile(callable $call, array $act): mixed {
    $other = background('$c = client(); eventually("a blocked client", fn() => $c->info("clients")["blocked_clients"] == 1);'
        . '$c->rawCommand(...' . var_export($act, true) . ');');
    $got = $call();
    proc_close($other);
    return $got;
}

function strings(Redis $r): void {
    same('SET', $r->set('greeting', 'hello'), true);
    same('GET', $r->get('greeting'), 'hello');
    same('GET of a missing key', $r->get('missing'), false);
    same('APPEND', $r->append('greeting', ' world'), 11);
    same('STRLEN', $r->strlen('greeting'), 11);
    same('GETRANGE', $r->getRange('greeting', -5, -1), 'world');
    same('SETRANGE', $r->setRange('greeting', 6, 'there'), 11);
    same('INCR', $r->incr('counter'), 1);
    same('INCRBY', $r->incrBy('counter', 41), 42);
    same('DECRBY', $r->decrBy('counter', 2), 40);
    same('INCRBYFLOAT', $r->incrByFloat('counter', 0.5), 40.5);
    fails('INCR of a word', fn() => $r->incr('greeting'), 'ERR value is not an integer or out of range');
    same('MSET', $r->mSet(['a' => '1', 'b' => '2']), true);
    same('MGET', $r->mGet(['a', 'missing', 'b']), ['1', false, '2']);
    same('SET NX', $r->set('a', '9', ['nx']), false);
    same('SETNX', $r->setnx('c', '3'), true);
    same('GETSET', $r->getSet('a', '10'), '1');
    same('SET EX', $r->set('session', 's', ['ex' => 60]), true);
    truth('TTL', $r->ttl('session') > 55 && $r->ttl('session') <= 60);
    $binary = "\x00\xff\r\n\$5\r\n";
    $r->set('binary', $binary);
    same('GET binary', $r->get('binary'), $binary);
    $r->setOption(Redis::OPT_SERIALIZER, Redis::SERIALIZER_PHP);
    $r->set('list', [1, 'two', ['x' => 3.5]]);
    same('GET of a serialized list', $r->get('list'), [1, 'two', ['x' => 3.5]]);
    $r->setOption(Redis::OPT_SERIALIZER, Redis::SERIALIZER_NONE);
}

function bitmaps(Redis $r): void {
    same('SETBIT', $r->setBit('bits', 7, true), 0);
    same('GETBIT', $r->getBit('bits', 7), 1);
    $r->set('foobar', 'foobar');
    same('BITCOUNT', $r->bitCount('foobar'), 26);
    same('BITPOS', $r->bitpos('bits', 1), 7);
    same('BITOP', $r->bitOp('XOR', 'zero', 'foobar', 'foobar'), 6);
    same('BITFIELD', $r->rawCommand('BITFIELD', 'field', 'INCRBY', 'i5', '100', '1', 'GET', 'u4', '0'), [1, 0]);
}

function keys(Redis $r): void {
    for ($i = 0; $i < 300; $i++) {
        $r->set("user:$i", (string) $i);
    }
    $r->set('thing', 'x');
    $r->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
    $seen = [];
    $cursor = null;
    while ($page = $r->scan($cursor, 'user:*', 20)) {
        foreach ($page as $key) {
            $seen[$key] = true;
        }
    }
    same('keys that SCAN finds', count($seen), 300);
    same('DBSIZE', $r->dbSize(), 301);
    same('TYPE', $r->type('thing'), Redis::REDIS_STRING);
    same('OBJECT ENCODING', $r->object('encoding', 'user:7'), 'int');
    same('EXPIRE', $r->expire('thing', 100), true);
    same('PERSIST', $r->persist('thing'), true);
    same('RENAME', $r->rename('thing', 'renamed'), true);
    fails('RENAME of nothing', fn() => $r->rename('thing', 'renamed'), 'ERR no such key');
    same('UNLINK', $r->unlink('renamed', 'missing'), 1);
    same('PEXPIRE', $r->pExpire('user:1', 20), true);
    eventually('the key expires', fn() => !$r->exists('user:1'));
}

function dumps(Redis $r): void {
    $r->set('thing', 'x');
    same('RESTORE', $r->restore('restored', 0, $r->dump('thing')), true);
    same('the string', $r->get('restored'), 'x');
    fails('RESTORE to a key that exists', fn() => $r->restore('restored', 0, $r->dump('thing')), 'BUSYKEY');
}

function pipelines(Redis $r): void {
    $pipe = $r->multi(Redis::PIPELINE);
    for ($i = 0; $i < 1000; $i++) {
        $pipe->set("k$i", (string) $i)->incr("k$i");
    }
    $want = [];
    for ($i = 0; $i < 1000; $i++) {
        array_push($want, true, $i + 1);
    }
    same('replies', $pipe->exec(), $want);
    same('an error in the middle', $r->pipeline()->set('word', 'x')->incr('word')->get('word')->exec(), [true, false, 'x']);
}

function hashes(Redis $r): void {
    same('HSET', $r->hSet('bike', 'model', 'Deimos'), 1);
    same('HMSET', $r->hMSet('bike', ['brand' => 'Ergonom', 'price' => 4972]), true);
    same('HGET', $r->hGet('bike', 'model'), 'Deimos');
    same('HGET of a missing field', $r->hGet('bike', 'x'), false);
    same('HGETALL', $r->hGetAll('bike'), ['model' => 'Deimos', 'brand' => 'Ergonom', 'price' => '4972']);
    same('HMGET', $r->hMGet('bike', ['price', 'x']), ['price' => '4972', 'x' => false]);
    same('HINCRBY', $r->hIncrBy('bike', 'price', 100), 5072);
    same('HINCRBYFLOAT', $r->hIncrByFloat('bike', 'price', 0.5), 5072.5);
    same('HSETNX', $r->hSetNx('bike', 'model', 'x'), false);
    same('HEXISTS', $r->hExists('bike', 'brand'), true);
    same('HSTRLEN', $r->hStrLen('bike', 'model'), 6);
    same('HDEL', $r->hDel('bike', 'brand', 'x'), 1);
    same('HLEN', $r->hLen('bike'), 2);
    unordered('HKEYS', $r->hKeys('bike'), ['model', 'price']);
    unordered('HVALS', $r->hVals('bike'), ['Deimos', '5072.5']);
    $many = [];
    for ($i = 0; $i < 1000; $i++) {
        $many["f$i"] = (string) $i;
    }
    $r->hMSet('large', $many);
    $found = [];
    $cursor = null;
    while ($page = $r->hScan('large', $cursor, 'f*', 50)) {
        $found += $page;
    }
    ksort($found);
    ksort($many);
    same('HSCAN', $found, $many);
}

function lists(Redis $r): void {
    same('RPUSH', $r->rPush('l', 'a', 'b', 'c'), 3);
    same('LPUSH', $r->lPush('l', 'z'), 4);
    same('LRANGE', $r->lRange('l', 0, -1), ['z', 'a', 'b', 'c']);
    same('LINDEX', $r->lIndex('l', -1), 'c');
    same('LINSERT', $r->lInsert('l', Redis::BEFORE, 'b', 'ab'), 5);
    same('LSET', $r->lSet('l', 0, 'y'), true);
    same('LREM', $r->lRem('l', 'ab', 0), 1);
    same('LTRIM', $r->lTrim('l', 0, 2), true);
    same('RPOPLPUSH', $r->rpoplpush('l', 'm'), 'b');
    same('LPOP', $r->lPop('m'), 'b');
    same('LPOP of nothing', $r->lPop('m'), false);
    same('LLEN', $r->lLen('l'), 2);
    $r->set('s', 'x');
    fails('LPUSH to a string', fn() => $r->lPush('s', 'y'), 'WRONGTYPE');
    $many = array_map('strval', range(0, 4999));
    same('RPUSH of 5000', $r->rPush('large', ...$many), 5000);
    same('LRANGE of all', $r->lRange('large', 0, -1), $many);
}

function sorting(Redis $r): void {
    $r->rPush('n', '3', '1', '2');
    same('SORT', $r->sort('n', ['sort' => 'desc']), ['3', '2', '1']);
    same('SORT STORE', $r->sort('n', ['store' => 'sorted']), 3);
    same('the stored list', $r->lRange('sorted', 0, -1), ['1', '2', '3']);
}

function sets(Redis $r): void {
    same('SADD', $r->sAdd('fr', '1', '2', '3', '1'), 3);
    same('SADD', $r->sAdd('us', '1', 'four'), 2);
    same('SISMEMBER', $r->sIsMember('us', 'four'), true);
    same('SMISMEMBER', $r->sMisMember('fr', '2', '4'), [1, 0]);
    unordered('SMEMBERS', $r->sMembers('fr'), ['1', '2', '3']);
    same('SINTER', $r->sInter('fr', 'us'), ['1']);
    unordered('SUNION', $r->sUnion('fr', 'us'), ['1', '2', '3', 'four']);
    unordered('SDIFF', $r->sDiff('fr', 'us'), ['2', '3']);
    same('SUNIONSTORE', $r->sUnionStore('all', 'fr', 'us'), 4);
    same('SMOVE', $r->sMove('fr', 'us', '2'), true);
    same('SREM', $r->sRem('us', '2', 'x'), 1);
    same('SCARD', $r->sCard('all'), 4);
    same('SPOP', count($r->sPop('all', 3)), 3);
    same('SRANDMEMBER', count($r->sRandMember('all', -5)), 5);
    $many = array_map(fn($i) => "m$i", range(0, 999));
    same('SADD of 1000', $r->sAddArray('large', $many), 1000);
    $found = [];
    $cursor = null;
    while ($page = $r->sScan('large', $cursor)) {
        array_push($found, ...$page);
    }
    unordered('SSCAN', array_unique($found), $many);
}

function zsets(Redis $r): void {
    same('ZADD', $r->zAdd('z', 10, 'Norem', 12, 'Castilla', 8, 'Sam'), 3);
    same('ZADD GT CH', $r->rawCommand('ZADD', 'z', 'GT', 'CH', '9', 'Norem', '14', 'Castilla'), 1);
    same('ZADD XX', $r->zAdd('z', ['XX'], 1, 'new'), 0);
    same('ZSCORE', $r->zScore('z', 'Castilla'), 14.0);
    same('ZINCRBY', $r->zIncrBy('z', 2.5, 'Norem'), 12.5);
    same('ZRANK', $r->zRank('z', 'Norem'), 1);
    same('ZREVRANK', $r->zRevRank('z', 'Norem'), 1);
    same('ZRANGE WITHSCORES', $r->zRange('z', 0, 1, true), ['Sam' => 8.0, 'Norem' => 12.5]);
    same('ZRANGEBYSCORE', $r->zRangeByScore('z', '(8', '+inf', ['limit' => [1, 1]]), ['Castilla']);
    same('ZCOUNT', $r->zCount('z', '-inf', '12.5'), 2);
    same('ZPOPMAX', $r->zPopMax('z'), ['Castilla' => 14.0]);
    same('ZPOPMIN', $r->zPopMin('z', 5), ['Sam' => 8.0, 'Norem' => 12.5]);
    $r->zAdd('lex', 0, 'a', 0, 'b', 0, 'c', 0, 'd');
    same('ZRANGEBYLEX', $r->zRangeByLex('lex', '[b', '(d'), ['b', 'c']);
    same('ZLEXCOUNT', $r->zLexCount('lex', '-', '+'), 4);
    same('ZUNIONSTORE', $r->zUnionStore('u', ['lex', 'lex'], [1, 2], 'MAX'), 4);
    same('ZINTERSTORE', $r->zInterStore('i', ['lex', 'u']), 4);
    same('ZREMRANGEBYRANK', $r->zRemRangeByRank('lex', 0, 1), 2);
    same('ZREMRANGEBYSCORE', $r->zRemRangeByScore('u', '-inf', '+inf'), 4);
    same('ZREM', $r->zRem('lex', 'c', 'x'), 1);
    same('ZCARD', $r->zCard('lex'), 1);
    for ($i = 0; $i < 1000; $i++) {
        $r->zAdd('large', $i, "m$i");
    }
    same('ZRANK in the middle', $r->zRank('large', 'm500'), 500);
    $found = [];
    $cursor = null;
    while ($page = $r->zScan('large', $cursor)) {
        $found += $page;
    }
    same('members that ZSCAN finds', count($found), 1000);
    same('score of m7', $found['m7'], 7.0);
}

function streams(Redis $r): void {
    foreach (['1-1', '2-1', '3-1'] as $id) {
        same('XADD', $r->xAdd('races', $id, ['rider' => "r$id"]), $id);
    }
    fails('XADD of an old ID', fn() => $r->xAdd('races', '1-1', ['a' => 'b']), 'ERR The ID specified in XADD is equal or smaller');
    [$first, $second, $third] = [['1-1' => ['rider' => 'r1-1']], ['2-1' => ['rider' => 'r2-1']], ['3-1' => ['rider' => 'r3-1']]];
    same('XLEN', $r->xLen('races'), 3);
    same('XRANGE', $r->xRange('races', '-', '+', 1), $first);
    same('XREVRANGE', $r->xRevRange('races', '+', '-'), $third + $second + $first);
    same('XREAD', $r->xRead(['races' => '1-1'], 10), ['races' => $second + $third]);
    same('XGROUP CREATE', $r->xGroup('CREATE', 'races', 'g', '0', true), true);
    fails('XGROUP CREATE again', fn() => $r->xGroup('CREATE', 'races', 'g', '0'), 'BUSYGROUP');
    same('XREADGROUP >', $r->xReadGroup('g', 'alice', ['races' => '>'], 2), ['races' => $first + $second]);
    same('XREADGROUP > of another', $r->xReadGroup('g', 'bob', ['races' => '>']), ['races' => $third]);
    same('XREADGROUP 0', $r->xReadGroup('g', 'alice', ['races' => '0']), ['races' => $first + $second]);
    same('XACK', $r->xAck('races', 'g', ['1-1', '9-9']), 1);
    same('XPENDING', $r->xPending('races', 'g'), [2, '2-1', '3-1', [['alice', '1'], ['bob', '1']]]);
    $long = $r->xPending('races', 'g', '-', '+', 10, 'bob');
    same('XPENDING of bob', [$long[0][0], $long[0][1], $long[0][3]], ['3-1', 'bob', 1]);
    same('XCLAIM', $r->xClaim('races', 'g', 'carol', 0, ['2-1'], []), $second);
    same('XINFO GROUPS', $r->xInfo('GROUPS', 'races'), [['name' => 'g', 'consumers' => 3, 'pending' => 2,
        'last-delivered-id' => '3-1', 'entries-read' => 3, 'lag' => 0]]);
    same('XINFO STREAM', $r->xInfo('STREAM', 'races')['length'], 3);
    same('XGROUP DELCONSUMER', $r->xGroup('DELCONSUMER', 'races', 'g', 'bob'), 1);
    same('XDEL', $r->xDel('races', ['2-1']), 1);
    same('XTRIM', $r->xTrim('races', 1), 1);
}

function geo(Redis $r): void {
    same('GEOADD', $r->geoAdd('Sicily', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania'), 2);
    near('GEODIST', $r->geoDist('Sicily', 'Palermo', 'Catania', 'km'), 166.2742);
    same('GEOHASH', $r->geoHash('Sicily', 'Palermo', 'Catania'), ['sqc8b49rny0', 'sqdtr74hyu0']);
    near('longitude', $r->geoPos('Sicily', 'Palermo')[0][0], 13.361389);
    same('GEORADIUS', $r->geoRadius('Sicily', 15, 37, 200, 'km', ['ASC']), ['Catania', 'Palermo']);
    same('GEORADIUSBYMEMBER', $r->geoRadiusByMember('Sicily', 'Palermo', 200, 'km', ['WITHDIST', 'ASC'])[1], ['Catania', '166.2742']);
    same('GEOSEARCH', $r->rawCommand('GEOSEARCH', 'Sicily', 'FROMLONLAT', '15', '37', 'BYBOX', '150', '150', 'km'), ['Catania']);
}

function hll(Redis $r): void {
    same('PFADD', $r->pfAdd('h', ['a', 'b', 'c', 'd']), 1);
    same('PFADD again', $r->pfAdd('h', ['a']), 0);
    $r->pfAdd('i', ['d', 'e']);
    same('PFCOUNT of two', $r->pfCount(['h', 'i']), 5);
    same('PFMERGE', $r->pfMerge('u', ['h', 'i']), true);
    same('PFCOUNT', $r->pfCount('u'), 5);
}

function transactions(Redis $r): void {
    same('EXEC', $r->multi()->set('a', '1')->incr('a')->get('a')->exec(), [true, 2, '2']);
    same('an error in the middle', $r->multi()->set('word', 'x')->incr('word')->get('word')->exec(), [true, false, 'x']);
    $r->multi()->set('never', '1');
    same('DISCARD', $r->discard(), true);
    same('EXISTS after DISCARD', $r->exists('never'), 0);
    $r->watch('a');
    same('EXEC without a conflict', $r->multi()->incr('a')->exec(), [3]);
    $r->watch('a');
    client()->set('a', '100');
    same('EXEC with a conflict', $r->multi()->incr('a')->exec(), false);
    same('the key of the other', $r->get('a'), '100');
    $r->watch('a');
    client()->set('a', '101');
    same('UNWATCH', $r->unwatch(), true);
    same('EXEC after UNWATCH', $r->multi()->incr('a')->exec(), [102]);
}

function scripts(Redis $r): void {
    same('EVAL', $r->eval("return {KEYS[1], ARGV[1], 2.9, true, false, 'x'}", ['k', 'v'], 1), ['k', 'v', 2, 1, false, 'x']);
    $sha = $r->script('load', "return redis.call('INCRBY', KEYS[1], ARGV[1])");
    same('SCRIPT LOAD', $sha, sha1("return redis.call('INCRBY', KEYS[1], ARGV[1])"));
    same('EVALSHA', $r->evalSha($sha, ['n', '42'], 1), 42);
    same('SCRIPT EXISTS', $r->script('exists', $sha, '00'), [1, 0]);
    same('SCRIPT FLUSH', $r->script('flush'), true);
    fails('EVALSHA of the forgotten', fn() => $r->evalSha($sha, ['n', '1'], 1), 'NOSCRIPT');
    fails('an error reply', fn() => $r->eval("return redis.error_reply('MY words')"), 'MY words');
    fails('a failing call', fn() => $r->eval("return redis.call('LPUSH', KEYS[1], 1)", ['n'], 1), 'WRONGTYPE');
    same('cjson', $r->eval("return cjson.decode(ARGV[1]).a[2]", ['{"a":[1,2]}'], 0), 2);
}

function functions(Redis $r): void {
    $r->rawCommand('FUNCTION', 'FLUSH');
    $library = "#!lua name=phplib\nredis.register_function('keep', function(keys, args) return redis.call('SET', keys[1], args[1]) end)";
    same('FUNCTION LOAD', $r->rawCommand('FUNCTION', 'LOAD', $library), 'phplib');
    same('FCALL', $r->rawCommand('FCALL', 'keep', '1', 'k', 'v'), true);
    same('GET', $r->get('k'), 'v');
    same('FUNCTION DELETE', $r->rawCommand('FUNCTION', 'DELETE', 'phplib'), true);
    fails('FCALL of the deleted', fn() => $r->rawCommand('FCALL', 'keep', '1', 'k', 'v'), 'ERR Function not found');
}

// listen subscribes until the callback closes the connection: this version of
// the extension knows no other way to end subscribe().
function listen(string $command, array $channels, callable $callback): void {
    try {
        client()->$command($channels, $callback);
    } catch (RedisException $e) {
        same('the end of the subscription', $e->getMessage(), 'Connection closed');
    }
}

// pubsub listens here; a second process publishes once it is heard.
function pubsub(Redis $r): void {
    $publisher = background('$c = client();'
        . 'eventually("two subscribers", fn() => $c->pubsub("numsub", ["news", "weather"]) === ["news" => 1, "weather" => 1]);'
        . '$c->publish("news", "hello"); $c->publish("weather", "rain");'
        . 'eventually("a pattern", fn() => $c->pubsub("numpat") === 1);'
        . '$c->publish("newsletter", "x");');
    $got = [];
    listen('subscribe', ['news', 'weather'], function (Redis $c, string $channel, string $message) use (&$got) {
        $got[] = [$channel, $message];
        if (count($got) === 2) {
            same('UNSUBSCRIBE', $c->unsubscribe(['news', 'weather']), ['news' => true, 'weather' => true]);
            $c->close();
        }
    });
    same('messages', $got, [['news', 'hello'], ['weather', 'rain']]);
    listen('psubscribe', ['n?ws*'], function (Redis $c, string $pattern, string $channel, string $message) use (&$got) {
        $got = [$pattern, $channel, $message];
        same('PUNSUBSCRIBE', $c->punsubscribe([$pattern]), [$pattern => true]);
        $c->close();
    });
    same('pmessage', $got, ['n?ws*', 'newsletter', 'x']);
    same('the publisher ends well', proc_close($publisher), 0);
    same('PUBLISH to nobody', $r->publish('news', 'x'), 0);
    same('PUBSUB CHANNELS', $r->pubsub('channels', '*'), []);
}

function blocking(Redis $r): void {
    $r->rPush('ready', 'a');
    same('BLPOP with data', $r->blPop(['empty', 'ready'], 1), ['ready', 'a']);
    same('BLPOP that times out', $r->rawCommand('BLPOP', 'empty', '0.01'), []);
    same('BLPOP', meanwhile(fn() => $r->blPop(['p', 'q'], 10), ['RPUSH', 'q', 'x', 'y']), ['q', 'x']);
    same('BRPOPLPUSH', meanwhile(fn() => $r->brpoplpush('src', 'dst', 10), ['LPUSH', 'src', 'job']), 'job');
    same('BZPOPMIN', meanwhile(fn() => $r->bzPopMin('z', 10), ['ZADD', 'z', '2', 'b']), ['z', 'b', '2']);
    same('XREAD BLOCK', meanwhile(fn() => $r->xRead(['s' => '$'], 1, 10000), ['XADD', 's', '1-1', 'f', 'v']), ['s' => ['1-1' => ['f' => 'v']]]);
}

// sections runs those that the command line names, all when it names none.
function sections(array $names): int {
    global $r;
    // By name; some names are those of functions of PHP.
    $all = ['dump' => 'dumps', 'sort' => 'sorting'];
    foreach (['strings', 'bitmaps', 'keys', 'pipelines', 'hashes', 'lists', 'sets', 'zsets', 'streams', 'geo', 'hll',
        'transactions', 'scripts', 'functions', 'pubsub', 'blocking'] as $name) {
        $all[$name] = $name;
    }
    foreach ($names as $name) {
        if (!isset($all[$name])) {
            fwrite(STDERR, "there is no section '$name'\n");
            return 2;
        }
    }
    $r = client();
    foreach ($names ?: array_keys($all) as $name) {
        try {
            $r->flushAll();
            $all[$name]($r);
        } catch (Throwable $e) {
            $lines = array_map(fn($f) => $f['line'] ?? 0, array_filter($e->getTrace(), fn($f) => ($f['file'] ?? '') === __FILE__));
            fwrite(STDERR, "$name: phpredis.php:" . (reset($lines) ?: $e->getLine()) . ': ' . $e->getMessage() . "\n");
            return 1;
        }
        echo "ok $name\n";
    }
    return 0;
}

// background() includes this file for its functions alone.
if (realpath($_SERVER['SCRIPT_FILENAME'] ?? '') === __FILE__) {
    exit(sections(array_slice($argv, 1)));
}
