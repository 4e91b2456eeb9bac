"""The program of redis-py, as the distribution packages it."""

import os
import sys
import threading
import time
import traceback

import redis

PATIENCE_S = 10  # bounds every wait


class Difference(Exception):
    pass


def same(what, got, want):
    """Requires a reply to be what is wanted, of the same type."""
    if type(got) is not type(want) or got != want:
        raise Difference(f"{what}: got {got!r}, want {want!r}")


def truth(what, ok):
    if not ok:
        raise Difference(f"{what}: it is not so")


def near(what, got, want):
    if abs(float(got) - want) >= 1e-4:
        raise Difference(f"{what}: got {got!r}, want {want!r}")


def fails(what, call, prefix, kind=redis.ResponseError):
    """Requires call to raise an error whose text begins so; redis-py leaves "ERR " out."""
    try:
        got = call()
    except kind as e:
        if str(e).startswith(prefix):
            return
        got = e
    raise Difference(f"{what}: got {got!r}, want error {prefix!r}...")


def eventually(what, condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise Difference(f"after {PATIENCE_S} s still not: {what}")
        time.sleep(0.002)


def connect(**options):
    host, _, port = os.environ["LARDER_ADDR"].rpartition(":")
    return redis.Redis(host=host, port=int(port), **options)


# r answers str, raw bytes; other is a third client, for what needs somebody
# else: a publisher, a pusher, a rival.
r = connect(decode_responses=True)
raw = connect()
other = connect(decode_responses=True)


def strings():
    same("SET", r.set("greeting", "hello"), True)
    same("GET", r.get("greeting"), "hello")
    same("GET of bytes", raw.get("greeting"), b"hello")
    same("GET of a missing key", r.get("missing"), None)
    same("APPEND", r.append("greeting", " world"), 11)
    same("STRLEN", r.strlen("greeting"), 11)
    same("GETRANGE", r.getrange("greeting", -5, -1), "world")
    same("SETRANGE", r.setrange("greeting", 6, "there"), 11)
    same("INCR", r.incr("counter"), 1)
    same("INCRBY", r.incrby("counter", 41), 42)
    same("DECRBY", r.decrby("counter", 2), 40)
    same("INCRBYFLOAT", r.incrbyfloat("counter", 0.5), 40.5)
    fails("INCR of a word", lambda: r.incr("greeting"), "value is not an integer or out of range")
    same("MSET", r.mset({"a": 1, "b": 2}), True)
    same("MGET", r.mget("a", "missing", "b"), ["1", None, "2"])
    same("SET NX", r.set("a", 9, nx=True), None)
    same("SET GET", r.set("a", 10, get=True), "1")
    same("GETDEL", r.getdel("a"), "10")
    same("SET EX", r.set("session", "s", ex=60), True)
    truth("TTL", 55 < r.ttl("session") <= 60)
    same("GETEX", r.getex("session", persist=True), "s")
    same("TTL after GETEX PERSIST", r.ttl("session"), -1)
    r.set("binary", b"\x00\xff\r\n$5\r\n")
    same("GET binary", raw.get("binary"), b"\x00\xff\r\n$5\r\n")
    r.mset({"k1": "ohmytext", "k2": "mynewtext"})
    same("LCS", r.lcs("k1", "k2"), "mytext")


def bitmaps():
    same("SETBIT", r.setbit("bits", 7, 1), 0)
    same("GETBIT", r.getbit("bits", 7), 1)
    r.set("foobar", "foobar")
    same("BITCOUNT", r.bitcount("foobar"), 26)
    same("BITCOUNT BIT", r.bitcount("foobar", 5, 30, "BIT"), 17)
    same("BITPOS", r.bitpos("bits", 1), 7)
    same("BITOP", r.bitop("AND", "both", "foobar", "bits"), 6)
    field = r.bitfield("field").incrby("i5", 100, 1).get("u4", 0)
    same("BITFIELD", field.execute(), [1, 0])


def keys():
    for i in range(300):
        r.set(f"user:{i}", i)
    r.set("thing", "x")
    same("keys that SCAN finds", len(set(r.scan_iter("user:*", count=20))), 300)
    same("keys that SCAN TYPE finds", len(set(r.scan_iter(_type="string"))), 301)
    same("DBSIZE", r.dbsize(), 301)
    same("TYPE", r.type("thing"), "string")
    same("OBJECT ENCODING", r.object("encoding", "user:7"), "int")
    same("EXPIRE", r.expire("thing", 100), True)
    same("EXPIRE GT", r.expire("thing", 50, gt=True), False)
    same("PERSIST", r.persist("thing"), True)
    same("RENAME", r.rename("thing", "renamed"), True)
    fails("RENAME of nothing", lambda: r.rename("thing", "renamed"), "no such key")
    same("COPY", r.copy("renamed", "copied"), True)
    same("UNLINK", r.unlink("renamed", "copied", "missing"), 2)
    same("PEXPIRE", r.pexpire("user:1", 20), True)
    eventually("the key expires", lambda: not r.exists("user:1"))
    same("INFO", r.info("server")["redis_mode"], "standalone")


def dump():
    r.set("s", "x")
    same("RESTORE", r.restore("copied", 0, raw.dump("s")), "OK")
    same("the string", r.get("copied"), "x")
    fails("RESTORE to a key that exists", lambda: r.restore("copied", 0, raw.dump("s")), "BUSYKEY")
    r.rpush("l", "a", 1, 70000)
    same("RESTORE REPLACE", r.restore("copied", 0, raw.dump("l"), replace=True), "OK")
    same("the list", r.lrange("copied", 0, -1), ["a", "1", "70000"])


def pipelines():
    pipe = r.pipeline(transaction=False)
    for i in range(1000):
        pipe.set(f"k{i}", i).incr(f"k{i}")
    same("replies", pipe.execute(), [x for i in range(1000) for x in (True, i + 1)])
    before, bad, after = pipe.set("word", "x").incr("word").get("word").execute(raise_on_error=False)
    same("the bad command", str(bad), "value is not an integer or out of range")
    same("the commands around it", [before, after], [True, "x"])


def hashes():
    same("HSET", r.hset("bike", mapping={"model": "Deimos", "brand": "Ergonom", "price": 4972}), 3)
    same("HGET", r.hget("bike", "model"), "Deimos")
    same("HGETALL", r.hgetall("bike"), {"model": "Deimos", "brand": "Ergonom", "price": "4972"})
    same("HMGET", r.hmget("bike", "price", "x"), ["4972", None])
    same("HINCRBY", r.hincrby("bike", "price", 100), 5072)
    same("HINCRBYFLOAT", r.hincrbyfloat("bike", "price", 0.5), 5072.5)
    same("HSETNX", r.hsetnx("bike", "model", "x"), 0)
    same("HEXISTS", r.hexists("bike", "brand"), True)
    same("HSTRLEN", r.hstrlen("bike", "model"), 6)
    same("HDEL", r.hdel("bike", "brand", "x"), 1)
    same("HKEYS", sorted(r.hkeys("bike")), ["model", "price"])
    same("HVALS", sorted(r.hvals("bike")), ["5072.5", "Deimos"])
    same("HRANDFIELD", len(r.hrandfield("bike", 9, withvalues=True)), 4)
    r.hset("large", mapping={f"f{i}": i for i in range(1000)})
    same("HLEN", r.hlen("large"), 1000)
    same("HSCAN", dict(r.hscan_iter("large", count=50)), {f"f{i}": str(i) for i in range(1000)})


def lists():
    same("RPUSH", r.rpush("l", "a", "b", "c"), 3)
    same("LPUSH", r.lpush("l", "z"), 4)
    same("LRANGE", r.lrange("l", 0, -1), ["z", "a", "b", "c"])
    same("LINDEX", r.lindex("l", -1), "c")
    same("LINSERT", r.linsert("l", "BEFORE", "b", "ab"), 5)
    same("LPOS", r.lpos("l", "b"), 3)
    same("LSET", r.lset("l", 0, "y"), True)
    same("LREM", r.lrem("l", 0, "ab"), 1)
    same("LTRIM", r.ltrim("l", 0, 2), True)
    same("LMOVE", r.lmove("l", "m", "RIGHT", "LEFT"), "b")
    same("RPOPLPUSH", r.rpoplpush("l", "m"), "a")
    same("LPOP count", r.lpop("m", 9), ["a", "b"])
    same("LMPOP", r.lmpop(2, "m", "l", direction="LEFT"), ["l", ["y"]])
    same("RPOP of nothing", r.rpop("l"), None)
    r.set("s", "x")
    fails("LPUSH to a string", lambda: r.lpush("s", "y"), "WRONGTYPE")
    r.rpush("large", *range(5000))
    same("LRANGE of all", r.lrange("large", 0, -1), [str(i) for i in range(5000)])


def sort():
    r.rpush("n", 3, 1, 2)
    same("SORT", r.sort("n", desc=True), ["3", "2", "1"])
    r.mset({"w_1": "c", "w_2": "b", "w_3": "a"})
    same("SORT BY GET", r.sort("n", by="w_*", get=["#", "w_*"], alpha=True, groups=True), [("3", "a"), ("2", "b"), ("1", "c")])
    same("SORT STORE", r.sort("n", store="sorted"), 3)


def sets():
    same("SADD", r.sadd("fr", "1", "2", "3", "1"), 3)
    same("SADD", r.sadd("us", "1", "four"), 2)
    same("SISMEMBER", r.sismember("us", "four"), True)
    same("SMISMEMBER", r.smismember("fr", ["2", "4"]), [1, 0])
    same("SMEMBERS", r.smembers("fr"), {"1", "2", "3"})
    same("SINTER", r.sinter("fr", "us"), {"1"})
    same("SUNION", r.sunion("fr", "us"), {"1", "2", "3", "four"})
    same("SDIFF", r.sdiff("fr", "us"), {"2", "3"})
    same("SINTERCARD", r.sintercard(2, ["fr", "us"]), 1)
    same("SINTERSTORE", r.sinterstore("both", "fr", "us"), 1)
    same("SMOVE", r.smove("fr", "us", "2"), True)
    same("SREM", r.srem("us", "2", "x"), 1)
    same("SPOP", r.spop("both"), "1")
    same("SPOP of nothing", r.spop("both"), None)
    members = {f"m{i}" for i in range(1000)}
    same("SADD of 1000", r.sadd("large", *members), 1000)
    same("SSCAN", set(r.sscan_iter("large", "m*")), members)


def zsets():
    same("ZADD", r.zadd("z", {"Norem": 10, "Castilla": 12, "Sam": 8}), 3)
    same("ZADD GT CH", r.zadd("z", {"Norem": 9, "Castilla": 14}, gt=True, ch=True), 1)
    same("ZADD INCR", r.zadd("z", {"Norem": 2.5}, incr=True), 12.5)
    same("ZSCORE", r.zscore("z", "Castilla"), 14.0)
    same("ZRANK", r.zrank("z", "Norem"), 1)
    same("ZREVRANK", r.zrevrank("z", "Norem"), 1)
    same("ZRANGE REV WITHSCORES", r.zrange("z", 0, 1, desc=True, withscores=True), [("Castilla", 14.0), ("Norem", 12.5)])
    same("ZRANGE BYSCORE", r.zrange("z", "(8", "+inf", byscore=True, offset=1, num=1), ["Castilla"])
    same("ZCOUNT", r.zcount("z", "-inf", 12.5), 2)
    same("ZMSCORE", r.zmscore("z", ["Norem", "x"]), [12.5, None])
    same("ZPOPMAX", r.zpopmax("z"), [("Castilla", 14.0)])
    same("ZMPOP", r.zmpop(1, ["z"], min=True), ["z", [["Sam", "8"]]])
    r.zadd("lex", {m: 0 for m in "abcd"})
    same("ZRANGEBYLEX", r.zrangebylex("lex", "[b", "(d"), ["b", "c"])
    same("ZUNIONSTORE", r.zunionstore("u", {"lex": 1, "z": 2}, aggregate="MAX"), 5)
    same("ZINTER", r.zinter(["lex", "u"], withscores=True), [(m, 0.0) for m in "abcd"])
    same("ZDIFF", r.zdiff(["u", "lex"]), ["Norem"])
    same("ZRANGESTORE", r.zrangestore("part", "lex", 0, 1), 2)
    same("ZREMRANGEBYRANK", r.zremrangebyrank("lex", 0, 1), 2)
    same("ZREM", r.zrem("lex", "c", "x"), 1)
    r.zadd("inf", {"a": float("-inf")})
    same("ZSCORE -inf", r.zscore("inf", "a"), float("-inf"))
    scores = {f"m{i}": float(i) for i in range(1000)}
    same("ZADD of 1000", r.zadd("large", scores), 1000)
    same("ZRANK in the middle", r.zrank("large", "m500"), 500)
    same("ZSCAN", dict(r.zscan_iter("large")), scores)


def streams():
    for i in ("1-1", "2-1", "3-1"):
        same("XADD", r.xadd("races", {"rider": "r" + i}, id=i), i)
    fails("XADD of an old ID", lambda: r.xadd("races", {"a": "b"}, id="1-1"), "The ID specified in XADD is equal or smaller")
    first, second, third = [(i, {"rider": "r" + i}) for i in ("1-1", "2-1", "3-1")]
    same("XLEN", r.xlen("races"), 3)
    same("XRANGE", r.xrange("races", count=1), [first])
    same("XREVRANGE", r.xrevrange("races", max="+", min="(1-1"), [third, second])
    same("XREAD", r.xread({"races": "1-1"}, count=10), [["races", [second, third]]])
    same("XGROUP CREATE", r.xgroup_create("races", "g", "0", mkstream=True), True)
    fails("XGROUP CREATE again", lambda: r.xgroup_create("races", "g", "0"), "BUSYGROUP")
    same("XREADGROUP >", r.xreadgroup("g", "alice", {"races": ">"}, count=2), [["races", [first, second]]])
    same("XREADGROUP > of another", r.xreadgroup("g", "bob", {"races": ">"}), [["races", [third]]])
    same("XREADGROUP 0", r.xreadgroup("g", "alice", {"races": "0"}), [["races", [first, second]]])
    same("XREADGROUP of nothing", r.xreadgroup("g", "bob", {"races": ">"}), [])
    same("XACK", r.xack("races", "g", "1-1", "9-9"), 1)
    same("XPENDING", r.xpending("races", "g"), {"pending": 2, "min": "2-1", "max": "3-1",
         "consumers": [{"name": "alice", "pending": 1}, {"name": "bob", "pending": 1}]})
    long = r.xpending_range("races", "g", "-", "+", 10, "bob")
    same("XPENDING of bob", [(p["message_id"], p["consumer"], p["times_delivered"]) for p in long], [("3-1", "bob", 1)])
    same("XCLAIM", r.xclaim("races", "g", "carol", 0, ["2-1"]), [second])
    same("XAUTOCLAIM", r.xautoclaim("races", "g", "carol", 0)[:2], ["0-0", [second, third]])
    groups = r.xinfo_groups("races")
    same("XINFO GROUPS", groups, [{"name": "g", "consumers": 3, "pending": 2, "last-delivered-id": "3-1", "entries-read": 3, "lag": 0}])
    same("XINFO CONSUMERS", [(c["name"], c["pending"]) for c in r.xinfo_consumers("races", "g")], [("alice", 0), ("bob", 0), ("carol", 2)])
    same("XGROUP DELCONSUMER", r.xgroup_delconsumer("races", "g", "carol"), 2)
    same("XDEL", r.xdel("races", "2-1"), 1)
    same("XTRIM", r.xtrim("races", maxlen=1, approximate=False), 1)
    info = r.xinfo_stream("races")
    same("XINFO STREAM", (info["length"], info["last-entry"]), (1, third))


def geo():
    same("GEOADD", r.geoadd("Sicily", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")), 2)
    same("GEODIST", r.geodist("Sicily", "Palermo", "Catania", "km"), 166.2742)
    same("GEOHASH", r.geohash("Sicily", "Palermo", "Catania"), ["sqc8b49rny0", "sqdtr74hyu0"])
    at, none = r.geopos("Sicily", "Palermo", "x")
    near("longitude", at[0], 13.361389)
    same("GEOPOS of a missing member", none, None)
    found = r.geosearch("Sicily", longitude=15, latitude=37, radius=200, unit="km", sort="ASC", withdist=True, withcoord=True)
    same("GEOSEARCH", [f[:2] for f in found], [["Catania", 56.4413], ["Palermo", 190.4424]])
    near("latitude", found[0][2][1], 37.502669)
    same("GEOSEARCH BYBOX", r.geosearch("Sicily", member="Catania", width=100, height=100, unit="km"), ["Catania"])
    same("GEOSEARCHSTORE", r.geosearchstore("found", "Sicily", member="Catania", radius=200, unit="km", storedist=True), 2)


def hll():
    same("PFADD", r.pfadd("h", "a", "b", "c", "d"), 1)
    same("PFADD again", r.pfadd("h", "a"), 0)
    r.pfadd("i", "d", "e")
    same("PFCOUNT of two", r.pfcount("h", "i"), 5)
    same("PFMERGE", r.pfmerge("u", "h", "i"), True)
    same("PFCOUNT", r.pfcount("u"), 5)


def transactions():
    same("EXEC", r.pipeline().set("a", 1).incr("a").get("a").execute(), [True, 2, "2"])
    fails("a transaction with an error", lambda: r.pipeline().set("word", "x").incr("word").set("after", 1).execute(),
          "Command # 2 (INCRBY word 1) of pipeline caused error: value is not an integer")
    same("what follows the error", r.get("after"), "1")
    fails("a transaction with an unknown command", lambda: r.pipeline().set("never", 1).execute_command("NOSUCHCOMMAND").execute(),
          "Command # 2 (NOSUCHCOMMAND) of pipeline caused error: unknown command")
    same("nothing of it ran", r.exists("never"), 0)

    def increment(pipe):
        n = int(pipe.get("a"))
        pipe.multi()
        pipe.set("a", n + 1)

    same("transaction()", r.transaction(increment, "a"), [True])
    same("the incremented key", r.get("a"), "3")
    with r.pipeline() as pipe:
        pipe.watch("a")
        other.set("a", 100)
        pipe.multi()
        pipe.set("a", 0)
        fails("EXEC with a conflict", pipe.execute, "Watched variable changed", redis.WatchError)
    same("the key of the other", r.get("a"), "100")


def scripts():
    add = r.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    same("a registered script", add(keys=["n"], args=[41]), 41)
    same("a registered script again", add(keys=["n"], args=[1]), 42)
    pipe = r.pipeline()
    add(keys=["n"], args=[1], client=pipe)
    same("a registered script in a pipeline", pipe.execute(), [43])
    same("EVAL", r.eval("return {KEYS[1], ARGV[1], 2.9, true, false, 'x'}", 1, "k", "v"), ["k", "v", 2, 1, None, "x"])
    sha = r.script_load("return 1")
    same("SCRIPT LOAD", sha, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
    same("EVALSHA", r.evalsha(sha, 0), 1)
    same("SCRIPT EXISTS", r.script_exists(sha, "00"), [True, False])
    same("SCRIPT FLUSH", r.script_flush(), True)
    fails("EVALSHA of the forgotten", lambda: r.evalsha(sha, 0), "No matching script", redis.exceptions.NoScriptError)
    fails("a failing call", lambda: r.eval("return redis.call('LPUSH', KEYS[1], 1)", 1, "n"), "WRONGTYPE")
    same("struct", r.eval("return struct.unpack('>I2', struct.pack('>I2', 258))", 0), 258)
    same("bit", r.eval("return bit.band(12, 10)", 0), 8)


def functions():
    r.function_flush()
    library = "#!lua name=pylib\nredis.register_function('keep', function(keys, args) return redis.call('SET', keys[1], args[1]) end)"
    same("FUNCTION LOAD", r.function_load(library), "pylib")
    same("FCALL", r.fcall("keep", 1, "k", "v"), "OK")
    same("GET", r.get("k"), "v")
    fails("FCALL_RO", lambda: r.fcall_ro("keep", 1, "k", "v"), "Can not execute a script with write flag")
    same("FUNCTION LIST", r.function_list(library="py*")[0][:2], ["library_name", "pylib"])
    dump = raw.function_dump()
    same("FUNCTION DELETE", r.function_delete("pylib"), True)
    fails("FCALL of the deleted", lambda: r.fcall("keep", 1, "k", "v"), "Function not found")
    same("FUNCTION RESTORE", r.function_restore(dump), True)
    same("FCALL of the restored", r.fcall("keep", 1, "k", "w"), "OK")
    same("FUNCTION FLUSH", r.function_flush(), True)


def pubsub():
    p = r.pubsub()

    def message():
        got = p.get_message(timeout=PATIENCE_S)
        return (got["type"], got["pattern"], got["channel"], got["data"]) if got else None

    p.subscribe("news", "weather")
    p.psubscribe("n?ws*")
    same("confirmation", {message(), message()}, {("subscribe", None, "news", 1), ("subscribe", None, "weather", 2)})
    same("confirmation", message(), ("psubscribe", None, "n?ws*", 3))
    same("PUBSUB CHANNELS", sorted(other.pubsub_channels()), ["news", "weather"])
    same("PUBSUB NUMSUB", other.pubsub_numsub("news", "none"), [("news", 1), ("none", 0)])
    same("PUBSUB NUMPAT", other.pubsub_numpat(), 1)
    same("PUBLISH", other.publish("news", "hello"), 2)
    same("message", message(), ("message", None, "news", "hello"))
    same("pmessage", message(), ("pmessage", "n?ws*", "news", "hello"))
    p.unsubscribe("news")
    same("confirmation", message(), ("unsubscribe", None, "news", 2))
    same("PUBLISH to the pattern", other.publish("news", "again"), 1)
    same("pmessage", message(), ("pmessage", "n?ws*", "news", "again"))
    p.punsubscribe()
    same("confirmation", message(), ("punsubscribe", None, "n?ws*", 1))
    p.unsubscribe("weather")
    same("confirmation", message(), ("unsubscribe", None, "weather", 0))

    got = []
    p.subscribe(handled=lambda m: got.append(m["data"]))
    thread = p.run_in_thread(sleep_time=0.01, daemon=True)
    eventually("the handler's channel is subscribed", lambda: other.publish("handled", "x") == 1)
    eventually("the handler is called", lambda: got[:1] == ["x"])
    thread.stop()
    thread.join(PATIENCE_S)
    p.close()


def meanwhile(call, act):
    """Starts a blocking call in a thread, and acts once it blocks."""
    result = []

    def run():
        try:
            result.append(call())
        except Exception as e:  # told by the main thread
            result.append(e)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    eventually("a blocked client", lambda: other.info("clients")["blocked_clients"] == 1)
    act()
    thread.join(PATIENCE_S)
    return result[0] if result else "no reply"


def blocking():
    r.rpush("ready", "a")
    same("BLPOP with data", r.blpop(["empty", "ready"], 1), ("ready", "a"))
    same("BLPOP that times out", r.blpop("empty", 0.01), None)
    same("BLPOP", meanwhile(lambda: r.blpop(["p", "q"]), lambda: other.rpush("q", "x", "y")), ("q", "x"))
    same("BLMOVE", meanwhile(lambda: r.blmove("src", "dst", 5), lambda: other.lpush("src", "job")), "job")
    same("BLMPOP", meanwhile(lambda: r.blmpop(5, 1, "m", direction="LEFT"), lambda: other.rpush("m", "1")), ["m", ["1"]])
    same("BZPOPMIN", meanwhile(lambda: r.bzpopmin("z", 5), lambda: other.zadd("z", {"b": 2})), ("z", "b", 2.0))
    same("XREAD BLOCK", meanwhile(lambda: r.xread({"s": "$"}, block=5000), lambda: other.xadd("s", {"f": "v"}, id="1-1")),
         [["s", [("1-1", {"f": "v"})]]])
    r.xgroup_create("s", "g", "$")
    same("XREADGROUP BLOCK", meanwhile(lambda: r.xreadgroup("g", "me", {"s": ">"}, block=5000), lambda: other.xadd("s", {"f": "w"}, id="2-1")),
         [["s", [("2-1", {"f": "w"})]]])


SECTIONS = {f.__name__: f for f in (
    strings, bitmaps, keys, dump, pipelines, hashes, lists, sort, sets, zsets, streams, geo, hll, transactions, scripts, functions,
    pubsub, blocking)}


def main(names):
    for name in names:
        if name not in SECTIONS:
            print(f"there is no section {name!r}", file=sys.stderr)
            return 2
    for name in names:
        try:
            r.flushall()
            SECTIONS[name]()
        except Difference as e:
            line = [f.lineno for f in traceback.extract_tb(e.__traceback__) if f.name == name][-1]
            print(f"{name}: redis-py.py:{line}: {e}", file=sys.stderr)
            return 1
        except Exception:
            print(f"{name}: {traceback.format_exc()}", file=sys.stderr)
            return 1
        print("ok", name)
    return 0


sys.exit(main(sys.argv[1:] or list(SECTIONS)))
