// The program of hiredis, as the distribution packages it.
//
// Replies are compared as text: +status, "string" (other bytes as \xNN),
// number, nil, -error, [array, of, replies].

#define _GNU_SOURCE
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 10 }; // bounds every wait

// c is the connection that the sections use; other is a second one, for what
// needs somebody else: a publisher, a pusher, a rival.
static redisContext *c, *other;
static const char *section = "";

static void fail(int line, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

static void fail(int line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: hiredis.c:%d: ", section, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

// render writes a reply as text.
static void render(FILE *to, const redisReply *r) {
    switch (r->type) {
    case REDIS_REPLY_STATUS:
        fprintf(to, "+%s", r->str);
        break;
    case REDIS_REPLY_ERROR:
        fprintf(to, "-%s", r->str);
        break;
    case REDIS_REPLY_INTEGER:
        fprintf(to, "%lld", r->integer);
        break;
    case REDIS_REPLY_NIL:
        fputs("nil", to);
        break;
    case REDIS_REPLY_STRING:
        fputc('"', to);
        for (size_t i = 0; i < (size_t)r->len; i++) {
            unsigned char b = (unsigned char)r->str[i];
            fprintf(to, b < ' ' || b > '~' ? "\\x%02x" : "%c", b);
        }
        fputc('"', to);
        break;
    case REDIS_REPLY_ARRAY:
        fputc('[', to);
        for (size_t i = 0; i < r->elements; i++) {
            if (i > 0) fputs(", ", to);
            render(to, r->element[i]);
        }
        fputc(']', to);
        break;
    default:
        fprintf(to, "a reply of type %d", r->type);
    }
}

static char *text_of(const redisReply *r) {
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    render(to, r);
    fclose(to);
    return text;
}

// compare requires the text of a reply, which it frees; a wanted text that ends
// in "..." is a beginning.
static void compare(int line, redisContext *from, redisReply *r, const char *what, const char *want) {
    if (r == NULL) fail(line, "%s: %s", what, from->errstr);
    char *got = text_of(r);
    size_t n = strlen(want);
    int same = n > 3 && strcmp(want + n - 3, "...") == 0 ? strncmp(got, want, n - 3) == 0 : strcmp(got, want) == 0;
    if (!same) fail(line, "%s: got %s, want %s", what, got, want);
    free(got);
    freeReplyObject(r);
}

// command runs a command, which hiredis formats, and compares its reply.
static void command(int line, const char *want, const char *format, ...) {
    va_list args;
    va_start(args, format);
    redisReply *r = redisvCommand(c, format, args);
    va_end(args);
    compare(line, c, r, format, want);
}

// next compares the next reply that a connection receives.
static void next(int line, redisContext *from, const char *what, const char *want) {
    redisReply *r = NULL;
    if (redisGetReply(from, (void **)&r) != REDIS_OK) fail(line, "%s: %s", what, from->errstr);
    compare(line, from, r, what, want);
}

#define WANT(want, ...) command(__LINE__, want, __VA_ARGS__)
#define NEXT(from, what, want) next(__LINE__, from, what, want)

static redisContext *dial(void) {
    const char *addr = getenv("LARDER_ADDR");
    const char *colon = addr == NULL ? NULL : strrchr(addr, ':');
    if (colon == NULL) {
        fputs("LARDER_ADDR is not set to the server's host:port\n", stderr);
        exit(2);
    }
    char *host = strndup(addr, (size_t)(colon - addr));
    struct timeval patience = {PATIENCE_S, 0};
    redisContext *to = redisConnectWithTimeout(host, atoi(colon + 1), patience);
    free(host);
    if (to == NULL || to->err) {
        fprintf(stderr, "connect to %s: %s\n", addr, to == NULL ? "out of memory" : to->errstr);
        exit(1);
    }
    redisSetTimeout(to, patience);
    return to;
}

// eventually repeats a command of the other connection until it answers so.
static void eventually(int line, const char *part, const char *request) {
    for (time_t deadline = time(NULL) + PATIENCE_S;; usleep(2000)) {
        redisReply *r = redisCommand(other, request);
        if (r == NULL) fail(line, "%s: %s", request, other->errstr);
        char *got = text_of(r);
        int found = strstr(got, part) != NULL;
        if (!found && time(NULL) > deadline) fail(line, "%s: after %d s still without %s: %s", request, PATIENCE_S, part, got);
        free(got);
        freeReplyObject(r);
        if (found) return;
    }
}

static void act(int line, const char *request) {
    redisReply *r = redisCommand(other, request);
    if (r == NULL || r->type == REDIS_REPLY_ERROR) fail(line, "%s: %s", request, r == NULL ? other->errstr : r->str);
    freeReplyObject(r);
}

#define OTHER(request) act(__LINE__, request)

// scan goes through all pages of a SCAN command, whose format takes the cursor,
// and counts the elements.
static size_t scan(int line, const char *format) {
    char cursor[32] = "0";
    size_t n = 0;
    do {
        redisReply *r = redisCommand(c, format, cursor);
        if (r == NULL || r->type != REDIS_REPLY_ARRAY || r->elements != 2) fail(line, "%s: no cursor and page", format);
        snprintf(cursor, sizeof cursor, "%s", r->element[0]->str);
        n += r->element[1]->elements;
        freeReplyObject(r);
    } while (strcmp(cursor, "0") != 0);
    return n;
}

#define SCAN(want, format) \
    do { \
        size_t n = scan(__LINE__, format); \
        if (n != (want)) fail(__LINE__, "%s: got %zu elements, want %d", format, n, want); \
    } while (0)

static void strings(void) {
    WANT("+OK", "SET greeting %s", "hello");
    WANT("\"hello\"", "GET greeting");
    WANT("nil", "GET missing");
    WANT("11", "APPEND greeting %s", " world");
    WANT("11", "STRLEN greeting");
    WANT("\"world\"", "GETRANGE greeting -5 -1");
    WANT("11", "SETRANGE greeting 6 there");
    WANT("1", "INCR counter");
    WANT("42", "INCRBY counter %d", 41);
    WANT("40", "DECRBY counter 2");
    WANT("\"40.5\"", "INCRBYFLOAT counter 0.5");
    WANT("-ERR value is not an integer or out of range", "INCR greeting");
    WANT("+OK", "MSET a 1 b 2");
    WANT("[\"1\", nil, \"2\"]", "MGET a missing b");
    WANT("nil", "SET a 9 NX");
    WANT("\"1\"", "SET a 10 GET");
    WANT("\"10\"", "GETDEL a");
    WANT("+OK", "SET session s EX 60");
    WANT("\"s\"", "GETEX session PERSIST");
    WANT("-1", "TTL session");
    WANT("+OK", "SET binary %b", "\0\xff\r\n$", (size_t)5);
    WANT("\"\\x00\\xff\\x0d\\x0a$\"", "GET binary");
    WANT("-ERR wrong number of arguments for 'get' command", "GET");
    WANT("-ERR unknown command 'NOSUCH', with args beginning with: 'x' ", "NOSUCH x");
}

static void bitmaps(void) {
    WANT("0", "SETBIT bits 7 1");
    WANT("1", "GETBIT bits 7");
    WANT("+OK", "SET foobar foobar");
    WANT("26", "BITCOUNT foobar");
    WANT("17", "BITCOUNT foobar 5 30 BIT");
    WANT("7", "BITPOS bits 1");
    WANT("6", "BITOP AND both foobar bits");
    WANT("[1, 0]", "BITFIELD field INCRBY i5 100 1 GET u4 0");
}

static void keys(void) {
    for (int i = 0; i < 300; i++) WANT("+OK", "SET user:%d %d", i, i);
    WANT("+OK", "SET thing x");
    SCAN(300, "SCAN %s MATCH user:* COUNT 20");
    WANT("301", "DBSIZE");
    WANT("+string", "TYPE thing");
    WANT("\"int\"", "OBJECT ENCODING user:7");
    WANT("1", "EXPIRE thing 100");
    WANT("0", "EXPIRE thing 50 GT");
    WANT("1", "PERSIST thing");
    WANT("+OK", "RENAME thing renamed");
    WANT("-ERR no such key", "RENAME thing renamed");
    WANT("1", "COPY renamed copied");
    WANT("2", "UNLINK renamed copied missing");
    WANT("1", "PEXPIRE user:1 20");
    eventually(__LINE__, "0", "EXISTS user:1");
    WANT("+OK", "SELECT 1");
    WANT("0", "DBSIZE");
    WANT("+OK", "SELECT 0");
}

static void dump(void) {
    WANT("+OK", "SET thing x");
    redisReply *dump = redisCommand(c, "DUMP thing");
    if (dump == NULL || dump->type != REDIS_REPLY_STRING) fail(__LINE__, "DUMP: no string");
    WANT("+OK", "RESTORE restored 0 %b", dump->str, (size_t)dump->len);
    dump->str[0] ^= 1;
    WANT("-ERR DUMP payload version or checksum are wrong", "RESTORE other 0 %b", dump->str, (size_t)dump->len);
    freeReplyObject(dump);
    WANT("\"x\"", "GET restored");
}

static void pipelines(void) {
    enum { N = 1000 };
    for (int i = 0; i < N; i++) {
        redisAppendCommand(c, "SET k%d %d", i, i);
        redisAppendCommand(c, "INCR k%d", i);
    }
    for (int i = 0; i < N; i++) {
        char want[16];
        snprintf(want, sizeof want, "%d", i + 1);
        NEXT(c, "SET", "+OK");
        NEXT(c, "INCR", want);
    }
    redisAppendCommand(c, "SET word x");
    redisAppendCommand(c, "INCR word");
    redisAppendCommand(c, "GET word");
    NEXT(c, "the command before", "+OK");
    NEXT(c, "the bad command", "-ERR value is not an integer or out of range");
    NEXT(c, "the command after", "\"x\"");
}

static void hashes(void) {
    WANT("2", "HSET bike model Deimos price 4972");
    WANT("\"Deimos\"", "HGET bike model");
    WANT("[\"model\", \"Deimos\", \"price\", \"4972\"]", "HGETALL bike");
    WANT("[\"4972\", nil]", "HMGET bike price x");
    WANT("5072", "HINCRBY bike price 100");
    WANT("\"5072.5\"", "HINCRBYFLOAT bike price 0.5");
    WANT("0", "HSETNX bike model x");
    WANT("1", "HEXISTS bike model");
    WANT("6", "HSTRLEN bike model");
    WANT("1", "HDEL bike price x");
    WANT("[\"model\"]", "HKEYS bike");
    WANT("[\"Deimos\"]", "HVALS bike");
    WANT("\"model\"", "HRANDFIELD bike");
    for (int i = 0; i < 1000; i++) WANT("1", "HSET large f%d %d", i, i);
    WANT("1000", "HLEN large");
    SCAN(2000, "HSCAN large %s COUNT 50");
    WANT("\"77\"", "HGET large f77");
}

static void lists(void) {
    WANT("3", "RPUSH l a b c");
    WANT("4", "LPUSH l z");
    WANT("[\"z\", \"a\", \"b\", \"c\"]", "LRANGE l 0 -1");
    WANT("\"c\"", "LINDEX l -1");
    WANT("5", "LINSERT l BEFORE b ab");
    WANT("3", "LPOS l b");
    WANT("+OK", "LSET l 0 y");
    WANT("1", "LREM l 0 ab");
    WANT("+OK", "LTRIM l 0 2");
    WANT("\"b\"", "LMOVE l m RIGHT LEFT");
    WANT("[\"y\", \"a\"]", "LPOP l 9");
    WANT("nil", "LPOP l");
    WANT("[\"m\", [\"b\"]]", "LMPOP 2 l m LEFT");
    WANT("+OK", "SET s x");
    WANT("-WRONGTYPE Operation against a key holding the wrong kind of value", "LPUSH s y");
    for (int i = 0; i < 5000; i++) redisAppendCommand(c, "RPUSH large %d", i);
    for (int i = 0; i < 5000; i++) {
        char want[16];
        snprintf(want, sizeof want, "%d", i + 1);
        NEXT(c, "RPUSH", want);
    }
    WANT("\"2500\"", "LINDEX large 2500");
    WANT("[\"4998\", \"4999\"]", "LRANGE large -2 -1");
}

static void sort(void) {
    WANT("3", "RPUSH n 3 1 2");
    WANT("[\"3\", \"2\", \"1\"]", "SORT n DESC");
    WANT("+OK", "MSET w_1 c w_2 b w_3 a");
    WANT("[\"a\", \"b\", \"c\"]", "SORT n BY w_* GET w_* ALPHA");
    WANT("3", "SORT n STORE sorted");
}

static void sets(void) {
    WANT("3", "SADD fr 1 2 3 1");
    WANT("2", "SADD us 1 four");
    WANT("1", "SISMEMBER us four");
    WANT("[1, 0]", "SMISMEMBER fr 2 4");
    WANT("[\"1\", \"2\", \"3\"]", "SMEMBERS fr");
    WANT("[\"1\"]", "SINTER fr us");
    WANT("[\"2\", \"3\"]", "SDIFF fr us");
    WANT("4", "SUNIONSTORE all fr us");
    WANT("1", "SINTERCARD 2 fr us");
    WANT("1", "SMOVE fr us 2");
    WANT("1", "SREM us 2 x");
    WANT("2", "SCARD us");
    WANT("1", "SINTERSTORE both fr us");
    WANT("\"1\"", "SRANDMEMBER both");
    WANT("\"1\"", "SPOP both");
    WANT("0", "EXISTS both");
    for (int i = 0; i < 1000; i++) WANT("1", "SADD large m%d", i);
    SCAN(1000, "SSCAN large %s");
}

static void zsets(void) {
    WANT("3", "ZADD z 10 Norem 12 Castilla 8 Sam");
    WANT("1", "ZADD z GT CH 9 Norem 14 Castilla");
    WANT("\"12.5\"", "ZINCRBY z 2.5 Norem");
    WANT("\"14\"", "ZSCORE z Castilla");
    WANT("1", "ZRANK z Norem");
    WANT("0", "ZREVRANK z Castilla");
    WANT("[\"Sam\", \"8\", \"Norem\", \"12.5\"]", "ZRANGE z 0 1 WITHSCORES");
    WANT("[\"Castilla\"]", "ZRANGE z (8 +inf BYSCORE LIMIT 1 1");
    WANT("2", "ZCOUNT z -inf 12.5");
    WANT("[\"12.5\", nil]", "ZMSCORE z Norem x");
    WANT("[\"Castilla\", \"14\"]", "ZPOPMAX z");
    WANT("[\"z\", [[\"Sam\", \"8\"]]]", "ZMPOP 1 z MIN");
    WANT("4", "ZADD lex 0 a 0 b 0 c 0 d");
    WANT("[\"b\", \"c\"]", "ZRANGEBYLEX lex [b (d");
    WANT("5", "ZUNIONSTORE u 2 lex z WEIGHTS 1 2");
    WANT("[\"Norem\", \"25\"]", "ZDIFF 2 u lex WITHSCORES");
    WANT("2", "ZRANGESTORE part lex 0 1");
    WANT("2", "ZREMRANGEBYRANK lex 0 1");
    WANT("1", "ZREM lex c x");
    WANT("1", "ZADD inf -inf a");
    WANT("\"-inf\"", "ZSCORE inf a");
    for (int i = 0; i < 1000; i++) WANT("1", "ZADD large %d m%d", i, i);
    WANT("500", "ZRANK large m500");
    SCAN(2000, "ZSCAN large %s");
}

static void streams(void) {
    WANT("\"1-1\"", "XADD races 1-1 rider r1");
    WANT("\"2-1\"", "XADD races 2-1 rider r2");
    WANT("\"3-1\"", "XADD races 3-1 rider r3");
    WANT("-ERR The ID specified in XADD is equal or smaller than the target stream top item", "XADD races 1-1 a b");
    WANT("3", "XLEN races");
    WANT("[[\"1-1\", [\"rider\", \"r1\"]]]", "XRANGE races - + COUNT 1");
    WANT("[[\"3-1\", [\"rider\", \"r3\"]]]", "XREVRANGE races + (2-1");
    WANT("[[\"races\", [[\"2-1\", [\"rider\", \"r2\"]], [\"3-1\", [\"rider\", \"r3\"]]]]]", "XREAD COUNT 10 STREAMS races 1-1");
    WANT("+OK", "XGROUP CREATE races g 0");
    WANT("-BUSYGROUP Consumer Group name already exists", "XGROUP CREATE races g 0");
    WANT("[[\"races\", [[\"1-1\", [\"rider\", \"r1\"]], [\"2-1\", [\"rider\", \"r2\"]]]]]",
         "XREADGROUP GROUP g alice COUNT 2 STREAMS races >");
    WANT("[[\"races\", [[\"3-1\", [\"rider\", \"r3\"]]]]]", "XREADGROUP GROUP g bob STREAMS races >");
    WANT("nil", "XREADGROUP GROUP g bob STREAMS races >");
    WANT("1", "XACK races g 1-1 9-9");
    WANT("[2, \"2-1\", \"3-1\", [[\"alice\", \"1\"], [\"bob\", \"1\"]]]", "XPENDING races g");
    WANT("[\"2-1\"]", "XCLAIM races g carol 0 2-1 JUSTID");
    WANT("[\"0-0\", [\"2-1\", \"3-1\"], []]", "XAUTOCLAIM races g carol 0 0 JUSTID");
    WANT("[[\"name\", \"g\", \"consumers\", 3, \"pending\", 2, \"last-delivered-id\", \"3-1\", \"entries-read\", 3, \"lag\", 0]]",
         "XINFO GROUPS races");
    WANT("2", "XGROUP DELCONSUMER races g carol");
    WANT("1", "XDEL races 2-1");
    WANT("1", "XTRIM races MAXLEN 1");
    WANT("[\"length\", 1, ...", "XINFO STREAM races");
}

static void geo(void) {
    WANT("2", "GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania");
    WANT("\"166.2742\"", "GEODIST Sicily Palermo Catania km");
    WANT("[\"sqc8b49rny0\", \"sqdtr74hyu0\"]", "GEOHASH Sicily Palermo Catania");
    WANT("[[\"13.36138933897018433\", \"38.11555639549629859\"], nil]", "GEOPOS Sicily Palermo x");
    WANT("[[\"Catania\", \"56.4413\"], [\"Palermo\", \"190.4424\"]]", "GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHDIST");
    WANT("[\"Catania\", \"Palermo\"]", "GEORADIUS Sicily 15 37 200 km ASC");
    WANT("2", "GEOSEARCHSTORE found Sicily FROMMEMBER Catania BYRADIUS 200 km");
}

static void hll(void) {
    WANT("1", "PFADD h a b c d");
    WANT("0", "PFADD h a");
    WANT("1", "PFADD i d e");
    WANT("5", "PFCOUNT h i");
    WANT("+OK", "PFMERGE u h i");
    WANT("5", "PFCOUNT u");
}

static void transactions(void) {
    WANT("+OK", "MULTI");
    WANT("+QUEUED", "SET a 1");
    WANT("+QUEUED", "INCR a");
    WANT("[+OK, 2]", "EXEC");
    WANT("+OK", "MULTI");
    WANT("+QUEUED", "SET word x");
    WANT("+QUEUED", "INCR word");
    WANT("+QUEUED", "GET word");
    WANT("[+OK, -ERR value is not an integer or out of range, \"x\"]", "EXEC");
    WANT("+OK", "MULTI");
    WANT("-ERR unknown command 'NOSUCH', with args beginning with: ", "NOSUCH");
    WANT("-EXECABORT Transaction discarded because of previous errors.", "EXEC");
    WANT("+OK", "MULTI");
    WANT("+QUEUED", "SET never 1");
    WANT("+OK", "DISCARD");
    WANT("0", "EXISTS never");
    WANT("+OK", "WATCH a");
    WANT("+OK", "MULTI");
    WANT("+QUEUED", "INCR a");
    WANT("[3]", "EXEC");
    WANT("+OK", "WATCH a");
    OTHER("SET a 100");
    WANT("+OK", "MULTI");
    WANT("+QUEUED", "INCR a");
    WANT("nil", "EXEC");
    WANT("\"100\"", "GET a");
}

static void scripts(void) {
    WANT("[\"k\", \"v\", 2, 1, nil, +FINE]", "EVAL %s 1 k v", "return {KEYS[1], ARGV[1], 2.9, true, false, redis.status_reply('FINE')}");
    WANT("\"e0e1f9fabfc9d4800c877a703b823ac0578ff8db\"", "SCRIPT LOAD %s", "return 1");
    WANT("1", "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0");
    WANT("[1, 0]", "SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db 00");
    WANT("+OK", "SCRIPT FLUSH");
    WANT("-NOSCRIPT No matching script. Please use EVAL.", "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0");
    WANT("-MY words", "EVAL %s 0", "return redis.error_reply('MY words')");
    WANT("-ERR value is not an integer or out of range script: ...", "EVAL %s 1 k", "redis.call('SET', KEYS[1], 'w') redis.call('INCR', KEYS[1])");
    WANT("\"{\"a\":1}\"", "EVAL %s 0", "return cjson.encode({a=1})");
}

static void functions(void) {
    WANT("+OK", "FUNCTION FLUSH");
    WANT("\"clib\"", "FUNCTION LOAD %s", "#!lua name=clib\nredis.register_function('keep', function(keys, args) return redis.call('SET', keys[1], args[1]) end)");
    WANT("+OK", "FCALL keep 1 k v");
    WANT("\"v\"", "GET k");
    WANT("[[\"library_name\", \"clib\", \"engine\", \"LUA\", \"functions\", [[\"name\", \"keep\", \"description\", nil, \"flags\", []]]]]", "FUNCTION LIST");
    WANT("+OK", "FUNCTION DELETE clib");
    WANT("-ERR Function not found", "FCALL keep 1 k v");
}

static void pubsub(void) {
    redisContext *sub = dial();
    redisAppendCommand(sub, "SUBSCRIBE news weather");
    NEXT(sub, "SUBSCRIBE", "[\"subscribe\", \"news\", 1]");
    NEXT(sub, "SUBSCRIBE", "[\"subscribe\", \"weather\", 2]");
    redisAppendCommand(sub, "PSUBSCRIBE n?ws*");
    NEXT(sub, "PSUBSCRIBE", "[\"psubscribe\", \"n?ws*\", 3]");
    WANT("[\"news\", 1, \"none\", 0]", "PUBSUB NUMSUB news none");
    WANT("1", "PUBSUB NUMPAT");
    WANT("2", "PUBLISH news %s", "hello there");
    NEXT(sub, "message", "[\"message\", \"news\", \"hello there\"]");
    NEXT(sub, "pmessage", "[\"pmessage\", \"n?ws*\", \"news\", \"hello there\"]");
    redisAppendCommand(sub, "PING");
    NEXT(sub, "PING", "[\"pong\", \"\"]");
    redisAppendCommand(sub, "UNSUBSCRIBE news");
    NEXT(sub, "UNSUBSCRIBE", "[\"unsubscribe\", \"news\", 2]");
    WANT("1", "PUBLISH news again");
    NEXT(sub, "pmessage", "[\"pmessage\", \"n?ws*\", \"news\", \"again\"]");
    redisAppendCommand(sub, "PUNSUBSCRIBE");
    NEXT(sub, "PUNSUBSCRIBE", "[\"punsubscribe\", \"n?ws*\", 1]");
    redisAppendCommand(sub, "SSUBSCRIBE local");
    NEXT(sub, "SSUBSCRIBE", "[\"ssubscribe\", \"local\", 1]");
    WANT("1", "SPUBLISH local x");
    NEXT(sub, "smessage", "[\"smessage\", \"local\", \"x\"]");
    redisFree(sub);
    eventually(__LINE__, "0", "PUBLISH weather x");
}

// meanwhile sends a blocking command, lets the other act once it blocks, and
// compares the reply.
static void meanwhile(int line, const char *want, const char *blocking, const char *action) {
    int done = 0;
    redisAppendCommand(c, blocking);
    while (!done) {
        if (redisBufferWrite(c, &done) != REDIS_OK) fail(line, "%s: %s", blocking, c->errstr);
    }
    eventually(line, "\\x0ablocked_clients:1\\x0d", "INFO clients");
    act(line, action);
    next(line, c, blocking, want);
}

static void blocking(void) {
    WANT("1", "RPUSH ready a");
    WANT("[\"ready\", \"a\"]", "BLPOP empty ready 1");
    WANT("nil", "BLPOP empty 0.01");
    meanwhile(__LINE__, "[\"q\", \"x\"]", "BLPOP p q 0", "RPUSH q x y");
    meanwhile(__LINE__, "\"job\"", "BLMOVE src dst LEFT RIGHT 5", "LPUSH src job");
    meanwhile(__LINE__, "[\"r\", [\"1\", \"2\"]]", "BLMPOP 5 1 r LEFT COUNT 2", "RPUSH r 1 2 3");
    meanwhile(__LINE__, "[\"z\", \"b\", \"2\"]", "BZPOPMAX z 5", "ZADD z 1 a 2 b");
    meanwhile(__LINE__, "[[\"s\", [[\"1-1\", [\"f\", \"v\"]]]]]", "XREAD BLOCK 5000 STREAMS s $", "XADD s 1-1 f v");
    WANT("+OK", "XGROUP CREATE s g $");
    meanwhile(__LINE__, "[[\"s\", [[\"2-1\", [\"f\", \"w\"]]]]]", "XREADGROUP GROUP g me BLOCK 0 STREAMS s >", "XADD s 2-1 f w");
    // A key of another type does not serve, nor end, the wait.
    int done = 0;
    redisAppendCommand(c, "BLPOP typed 0");
    while (!done && redisBufferWrite(c, &done) == REDIS_OK) {}
    eventually(__LINE__, "\\x0ablocked_clients:1\\x0d", "INFO clients");
    OTHER("SET typed x");
    OTHER("DEL typed");
    OTHER("RPUSH typed late");
    NEXT(c, "BLPOP", "[\"typed\", \"late\"]");
}

static const struct {
    const char *name;
    void (*run)(void);
} sections[] = {
    {"strings", strings}, {"bitmaps", bitmaps}, {"keys", keys}, {"dump", dump}, {"pipelines", pipelines}, {"hashes", hashes}, {"lists", lists}, {"sort", sort},
    {"sets", sets}, {"zsets", zsets}, {"streams", streams}, {"geo", geo}, {"hll", hll}, {"transactions", transactions},
    {"scripts", scripts}, {"functions", functions}, {"pubsub", pubsub}, {"blocking", blocking},
};

enum { SECTIONS = sizeof sections / sizeof sections[0] };

static size_t find(const char *name) {
    for (size_t i = 0; i < SECTIONS; i++) {
        if (strcmp(sections[i].name, name) == 0) return i;
    }
    fprintf(stderr, "there is no section '%s'\n", name);
    exit(2);
}

static void run(size_t i) {
    section = sections[i].name;
    WANT("+OK", "FLUSHALL");
    sections[i].run();
    printf("ok %s\n", section);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) find(argv[i]);
    c = dial();
    other = dial();
    for (int i = 1; i < argc; i++) run(find(argv[i]));
    for (size_t i = 0; argc == 1 && i < SECTIONS; i++) run(i);
    redisFree(c);
    redisFree(other);
    return 0;
}
