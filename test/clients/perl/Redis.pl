# The program of Perl's Redis.
use strict;
use warnings;
use Redis;
use POSIX ();
use Time::HiRes qw(sleep time);

use constant PATIENCE_S => 10;    # bounds every wait

my $addr = $ENV{LARDER_ADDR} or die "LARDER_ADDR is empty: set it to the server's host:port\n";

# $r is the client that the sections use; $other is a second one, for what needs
# somebody else: a publisher, a pusher, a rival.
my $r     = Redis->new(server => $addr, encoding => undef);
my $other = Redis->new(server => $addr, encoding => undef);

# readable writes a reply so that two that differ look different.
sub readable {
    my ($v) = @_;
    return 'nil' unless defined $v;
    return '[' . join(', ', map { readable($_) } @$v) . ']' if ref $v eq 'ARRAY';
    return '{' . join(', ', map { "$_ => " . readable($v->{$_}) } sort keys %$v) . '}' if ref $v eq 'HASH';
    $v =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
    return "'$v'";
}

sub different {
    my ($text) = @_;
    for (my $depth = 0; my @frame = caller($depth); $depth++) {
        my $in = (caller($depth + 1))[3] // '';
        next if $in =~ /^main::(?:same|unordered|fails|truth|near|eventually|different|meanwhile)$/;
        die "Redis.pl:$frame[2]: $text\n";
    }
}

# same requires a reply to be what is wanted.
sub same {
    my ($what, $got, $want) = @_;
    my ($g, $w) = (readable($got), readable($want));
    different("$what: got $g, want $w") if $g ne $w;
}

# unordered does not look at the order of a list.
sub unordered {
    my ($what, $got, @want) = @_;
    same($what, [sort @$got], [sort @want]);
}

sub truth {
    my ($what, $ok) = @_;
    different("$what: it is not so") unless $ok;
}

sub near {
    my ($what, $got, $want) = @_;
    different("$what: got $got, want $want") if abs($got - $want) >= 1e-4;
}

# fails requires an error that has this text.
sub fails {
    my ($what, $call, $text) = @_;
    my $got = eval { $call->() };
    my $error = $@;
    different("$what: got " . readable($got) . ", want an error with '$text'") unless $error;
    different("$what: got error '$error', want one with '$text'") if index($error, $text) < 0;
}

sub eventually {
    my ($what, $condition) = @_;
    for (my $deadline = time + PATIENCE_S; !$condition->(); sleep 0.002) {
        different("after ${\PATIENCE_S} s still not: $what") if time > $deadline;
    }
}

# meanwhile acts in a second process once this one's connection blocks in $call.
sub meanwhile {
    my ($call, @act) = @_;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        my $third    = Redis->new(server => $addr, encoding => undef);
        my $deadline = time + PATIENCE_S;
        until ($third->info('clients')->{blocked_clients} == 1) {
            last if time > $deadline;
            sleep 0.002;
        }
        $third->__std_cmd(@act);
        POSIX::_exit(0);
    }
    my $got = $call->();
    waitpid $pid, 0;
    return $got;
}

my %sections;

$sections{strings} = sub {
    same('SET', $r->set(greeting => 'hello'), 'OK');
    same('GET', $r->get('greeting'), 'hello');
    same('GET of a missing key', $r->get('missing'), undef);
    same('APPEND', $r->append(greeting => ' world'), 11);
    same('STRLEN', $r->strlen('greeting'), 11);
    same('GETRANGE', $r->getrange('greeting', -5, -1), 'world');
    same('SETRANGE', $r->setrange('greeting', 6, 'there'), 11);
    same('INCR', $r->incr('counter'), 1);
    same('INCRBY', $r->incrby('counter', 41), 42);
    same('DECRBY', $r->decrby('counter', 2), 40);
    same('INCRBYFLOAT', $r->incrbyfloat('counter', 0.5), 40.5);
    fails('INCR of a word', sub { $r->incr('greeting') }, 'ERR value is not an integer or out of range');
    same('MSET', $r->mset(a => 1, b => 2), 'OK');
    same('MGET', [$r->mget('a', 'missing', 'b')], [1, undef, 2]);
    same('SET NX', $r->set('a', 9, 'NX'), undef);
    same('GETSET', $r->getset('a', 10), 1);
    same('SETEX', $r->setex('session', 60, 's'), 'OK');
    my $left = $r->ttl('session');
    truth('TTL', $left > 55 && $left <= 60);
    my $binary = "\x00\xff\r\n\$5\r\n";
    $r->set(binary => $binary);
    same('GET binary', $r->get('binary'), $binary);
};

$sections{bitmaps} = sub {
    same('SETBIT', $r->setbit('bits', 7, 1), 0);
    same('GETBIT', $r->getbit('bits', 7), 1);
    $r->set(foobar => 'foobar');
    same('BITCOUNT', $r->bitcount('foobar'), 26);
    same('BITPOS', $r->bitpos('bits', 1), 7);
    same('BITOP', $r->bitop('OR', 'both', 'foobar', 'bits'), 6);
    same('BITFIELD', [$r->bitfield('field', 'INCRBY', 'i5', 100, 1, 'GET', 'u4', 0)], [1, 0]);
};

# scan goes through all pages of a SCAN command.
sub scan {
    my ($page_of) = @_;
    my ($cursor, @all) = (0);
    do {
        my ($next, $page) = $page_of->($cursor);
        push @all, @$page;
        $cursor = $next;
    } while $cursor;
    return @all;
}

$sections{keys} = sub {
    $r->set("user:$_", $_) for 0 .. 299;
    $r->set(thing => 'x');
    my %seen = map { $_ => 1 } scan(sub { $r->scan($_[0], MATCH => 'user:*', COUNT => 20) });
    same('keys that SCAN finds', scalar keys %seen, 300);
    same('KEYS', scalar(my @found = $r->keys('user:*')), 300);
    same('DBSIZE', $r->dbsize, 301);
    same('TYPE', $r->type('thing'), 'string');
    same('OBJECT ENCODING', $r->object('encoding', 'user:7'), 'int');
    same('EXPIRE', $r->expire('thing', 100), 1);
    same('PERSIST', $r->persist('thing'), 1);
    same('RENAME', $r->rename('thing', 'renamed'), 'OK');
    same('EXISTS', $r->exists('thing'), 0);
    same('DEL', $r->del('renamed', 'missing'), 1);
    same('PEXPIRE', $r->pexpire('user:1', 20), 1);
    eventually('the key expires', sub { !$r->exists('user:1') });
    same('SELECT', $r->select(1), 'OK');
    same('DBSIZE of another database', $r->dbsize, 0);
    same('SELECT back', $r->select(0), 'OK');
};

$sections{dump} = sub {
    $r->set(thing => 'x');
    same('RESTORE', $r->restore('restored', 0, $r->dump('thing')), 'OK');
    same('the string', $r->get('restored'), 'x');
    same('DUMP of nothing', $r->dump('missing'), undef);
};

# A call with a code reference at its end is pipelined.
$sections{pipelines} = sub {
    my @got;
    for my $i (0 .. 999) {
        $r->set("k$i", $i, sub { });
        $r->incr("k$i", sub { my ($reply, $error) = @_; push @got, $error // $reply });
    }
    $r->wait_all_responses;
    same('replies', \@got, [1 .. 1000]);
    my @mixed;
    my $keep = sub { push @mixed, [@_] };
    $r->set('word', 'x', $keep);
    $r->incr('word', $keep);
    $r->get('word', $keep);
    $r->wait_all_responses;
    same('the bad command', $mixed[1], [undef, 'ERR value is not an integer or out of range']);
    same('the command after', $mixed[2][0], 'x');
};

$sections{hashes} = sub {
    same('HSET', $r->hset('bike', model => 'Deimos', brand => 'Ergonom', price => 4972), 3);
    same('HGET', $r->hget('bike', 'model'), 'Deimos');
    same('HGETALL', {$r->hgetall('bike')}, {model => 'Deimos', brand => 'Ergonom', price => 4972});
    same('HMSET', $r->hmset('bike', price => 5000), 'OK');
    same('HMGET', [$r->hmget('bike', 'price', 'x')], [5000, undef]);
    same('HINCRBY', $r->hincrby('bike', 'price', 72), 5072);
    same('HINCRBYFLOAT', $r->hincrbyfloat('bike', 'price', 0.5), 5072.5);
    same('HSETNX', $r->hsetnx('bike', 'model', 'x'), 0);
    same('HEXISTS', $r->hexists('bike', 'model'), 1);
    same('HDEL', $r->hdel('bike', 'brand', 'x'), 1);
    same('HLEN', $r->hlen('bike'), 2);
    unordered('HKEYS', [$r->hkeys('bike')], qw(model price));
    unordered('HVALS', [$r->hvals('bike')], qw(Deimos 5072.5));
    $r->hset('large', map { ("f$_" => $_) } 0 .. 999);
    my %all = scan(sub { $r->hscan('large', $_[0], COUNT => 50) });
    same('fields that HSCAN finds', scalar keys %all, 1000);
    same('value of f77', $all{f77}, 77);
};

$sections{lists} = sub {
    same('RPUSH', $r->rpush('l', qw(a b c)), 3);
    same('LPUSH', $r->lpush('l', 'z'), 4);
    same('LRANGE', [$r->lrange('l', 0, -1)], [qw(z a b c)]);
    same('LINDEX', $r->lindex('l', -1), 'c');
    same('LINSERT', $r->linsert('l', 'BEFORE', 'b', 'ab'), 5);
    same('LSET', $r->lset('l', 0, 'y'), 'OK');
    same('LREM', $r->lrem('l', 0, 'ab'), 1);
    same('LTRIM', $r->ltrim('l', 0, 2), 'OK');
    same('RPOPLPUSH', $r->rpoplpush('l', 'm'), 'b');
    same('LMOVE', $r->lmove('l', 'm', 'RIGHT', 'LEFT'), 'a');
    same('LPOP', $r->lpop('l'), 'y');
    same('RPOP of nothing', $r->rpop('l'), undef);
    same('LMPOP', [$r->lmpop(2, 'l', 'm', 'LEFT', 'COUNT', 5)], ['m', [qw(a b)]]);
    $r->set('s', 'x');
    fails('LPUSH to a string', sub { $r->lpush('s', 'y') }, 'WRONGTYPE');
    same('RPUSH of 5000', $r->rpush('large', 0 .. 4999), 5000);
    same('LLEN', $r->llen('large'), 5000);
    same('LRANGE of all', [$r->lrange('large', 0, -1)], [0 .. 4999]);
};

$sections{sort} = sub {
    $r->rpush('n', 3, 1, 2);
    same('SORT', [$r->sort('n', 'DESC')], [3, 2, 1]);
    same('SORT LIMIT', [$r->sort('n', 'LIMIT', 1, 1)], [2]);
    same('SORT STORE', $r->sort('n', 'STORE', 'sorted'), 3);
};

$sections{sets} = sub {
    same('SADD', $r->sadd('fr', 1, 2, 3, 1), 3);
    same('SADD', $r->sadd('us', 1, 'four'), 2);
    same('SISMEMBER', $r->sismember('us', 'four'), 1);
    same('SMISMEMBER', [$r->smismember('fr', 2, 4)], [1, 0]);
    unordered('SMEMBERS', [$r->smembers('fr')], 1, 2, 3);
    same('SINTER', [$r->sinter('fr', 'us')], [1]);
    unordered('SUNION', [$r->sunion('fr', 'us')], 1, 2, 3, 'four');
    unordered('SDIFF', [$r->sdiff('fr', 'us')], 2, 3);
    same('SINTERCARD', $r->sintercard(2, 'fr', 'us'), 1);
    same('SUNIONSTORE', $r->sunionstore('all', 'fr', 'us'), 4);
    same('SMOVE', $r->smove('fr', 'us', 2), 1);
    same('SREM', $r->srem('us', 2, 'x'), 1);
    same('SCARD', $r->scard('us'), 2);
    truth('SRANDMEMBER', $r->srandmember('all') =~ /^(?:[123]|four)$/);
    truth('SPOP', $r->spop('all') =~ /^(?:[123]|four)$/);
    same('SADD of 1000', $r->sadd('large', map {"m$_"} 0 .. 999), 1000);
    my %seen = map { $_ => 1 } scan(sub { $r->sscan('large', $_[0]) });
    same('members that SSCAN finds', scalar keys %seen, 1000);
};

$sections{zsets} = sub {
    same('ZADD', $r->zadd('z', 10 => 'Norem', 12 => 'Castilla', 8 => 'Sam'), 3);
    same('ZADD GT CH', $r->zadd('z', 'GT', 'CH', 9 => 'Norem', 14 => 'Castilla'), 1);
    same('ZINCRBY', $r->zincrby('z', 2.5, 'Norem'), 12.5);
    same('ZSCORE', $r->zscore('z', 'Castilla'), 14);
    same('ZRANK', $r->zrank('z', 'Norem'), 1);
    same('ZREVRANK', $r->zrevrank('z', 'Castilla'), 0);
    same('ZRANGE WITHSCORES', [$r->zrange('z', 0, 1, 'WITHSCORES')], ['Sam', 8, 'Norem', 12.5]);
    same('ZREVRANGE', [$r->zrevrange('z', 0, 0)], ['Castilla']);
    same('ZRANGEBYSCORE', [$r->zrangebyscore('z', '(8', '+inf', 'LIMIT', 1, 1)], ['Castilla']);
    same('ZCOUNT', $r->zcount('z', '-inf', 12.5), 2);
    same('ZPOPMIN', [$r->zpopmin('z')], ['Sam', 8]);
    same('ZREM', $r->zrem('z', 'Norem', 'x'), 1);
    same('ZCARD', $r->zcard('z'), 1);
    $r->zadd('lex', map { (0 => $_) } qw(a b c d));
    same('ZRANGEBYLEX', [$r->zrangebylex('lex', '[b', '(d')], [qw(b c)]);
    same('ZUNIONSTORE', $r->zunionstore('u', 2, 'lex', 'z', 'WEIGHTS', 1, 2), 5);
    same('ZINTERSTORE', $r->zinterstore('i', 2, 'lex', 'u'), 4);
    same('ZREMRANGEBYRANK', $r->zremrangebyrank('lex', 0, 1), 2);
    same('ZADD of 1000', $r->zadd('large', map { ($_ => "m$_") } 0 .. 999), 1000);
    same('ZRANK in the middle', $r->zrank('large', 'm500'), 500);
    my %all = scan(sub { $r->zscan('large', $_[0]) });
    same('members that ZSCAN finds', scalar keys %all, 1000);
    same('score of m7', $all{m7}, 7);
};

$sections{streams} = sub {
    same('XADD', $r->xadd('races', $_, rider => "r$_"), $_) for qw(1-1 2-1 3-1);
    my ($first, $second, $third) = map { [$_, ['rider', "r$_"]] } qw(1-1 2-1 3-1);
    same('XLEN', $r->xlen('races'), 3);
    same('XRANGE', [$r->xrange('races', '-', '+', 'COUNT', 1)], [$first]);
    same('XREVRANGE', [$r->xrevrange('races', '+', '(2-1')], [$third]);
    same('XREAD', [$r->xread('COUNT', 10, 'STREAMS', 'races', '1-1')], [['races', [$second, $third]]]);
    same('XGROUP CREATE', $r->xgroup('CREATE', 'races', 'g', 0), 'OK');
    fails('XGROUP CREATE again', sub { $r->xgroup('CREATE', 'races', 'g', 0) }, 'BUSYGROUP');
    my $group = sub { [$r->xreadgroup('GROUP', 'g', $_[0], 'COUNT', 2, 'STREAMS', 'races', $_[1])] };
    same('XREADGROUP >', $group->('alice', '>'), [['races', [$first, $second]]]);
    same('XREADGROUP > of another', $group->('bob', '>'), [['races', [$third]]]);
    same('XREADGROUP 0', $group->('alice', 0), [['races', [$first, $second]]]);
    same('XACK', $r->xack('races', 'g', '1-1', '9-9'), 1);
    same('XPENDING', [$r->xpending('races', 'g')], [2, '2-1', '3-1', [['alice', 1], ['bob', 1]]]);
    same('XCLAIM', [$r->xclaim('races', 'g', 'carol', 0, '2-1')], [$second]);
    same('XAUTOCLAIM', [$r->xautoclaim('races', 'g', 'carol', 0, 0)], ['0-0', [$second, $third], []]);
    my @groups = $r->xinfo('GROUPS', 'races');
    same('XINFO GROUPS', $groups[0], ['name', 'g', 'consumers', 3, 'pending', 2, 'last-delivered-id', '3-1', 'entries-read', 3, 'lag', 0]);
    same('XDEL', $r->xdel('races', '2-1'), 1);
    same('XTRIM', $r->xtrim('races', 'MAXLEN', 1), 1);
};

$sections{geo} = sub {
    same('GEOADD', $r->geoadd('Sicily', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania'), 2);
    same('GEODIST', $r->geodist('Sicily', 'Palermo', 'Catania', 'km'), 166.2742);
    same('GEOHASH', [$r->geohash('Sicily', 'Palermo', 'Catania')], [qw(sqc8b49rny0 sqdtr74hyu0)]);
    my ($at) = $r->geopos('Sicily', 'Palermo');
    near('longitude', $at->[0], 13.361389);
    same('GEOSEARCH', [$r->geosearch('Sicily', 'FROMLONLAT', 15, 37, 'BYRADIUS', 200, 'km', 'ASC')], [qw(Catania Palermo)]);
    same('GEORADIUS', [$r->georadius('Sicily', 15, 37, 100, 'km', 'WITHDIST')], [['Catania', '56.4413']]);
};

$sections{hll} = sub {
    same('PFADD', $r->pfadd('h', qw(a b c d)), 1);
    same('PFADD again', $r->pfadd('h', 'a'), 0);
    $r->pfadd('i', qw(d e));
    same('PFMERGE', $r->pfmerge('u', 'h', 'i'), 'OK');
    same('PFCOUNT', $r->pfcount('u'), 5);
};

$sections{transactions} = sub {
    same('MULTI', $r->multi, 'OK');
    same('QUEUED', $r->set('a', 1), 'QUEUED');
    $r->incr('a');
    same('EXEC', [$r->exec], ['OK', 2]);
    $r->multi;
    $r->set('never', 1);
    same('DISCARD', $r->discard, 'OK');
    same('EXISTS after DISCARD', $r->exists('never'), 0);
    $r->multi;
    fails('an unknown command', sub { $r->nosuchcommand }, 'ERR unknown command');
    fails('EXEC after it', sub { $r->exec }, 'EXECABORT');
    $r->watch('a');
    $r->multi;
    $r->incr('a');
    same('EXEC without a conflict', [$r->exec], [3]);
    $r->watch('a');
    $other->set('a', 100);
    $r->multi;
    $r->incr('a');
    same('EXEC with a conflict', scalar($r->exec), undef);
    same('the key of the other', $r->get('a'), 100);
};

$sections{scripts} = sub {
    same('EVAL', [$r->eval("return {KEYS[1], ARGV[1], 2.9, true, 'x'}", 1, 'k', 'v')], ['k', 'v', 2, 1, 'x']);
    my $sha = $r->script_load("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    same('EVALSHA', $r->evalsha($sha, 1, 'n', 42), 42);
    same('SCRIPT EXISTS', [$r->script_exists($sha, '00')], [1, 0]);
    same('SCRIPT FLUSH', $r->script_flush, 'OK');
    fails('EVALSHA of the forgotten', sub { $r->evalsha($sha, 1, 'n', 1) }, 'NOSCRIPT');
    fails('an error reply', sub { $r->eval("return redis.error_reply('MY words')", 0) }, 'MY words');
    fails('a failing call', sub { $r->eval("return redis.call('LPUSH', KEYS[1], 1)", 1, 'n') }, 'WRONGTYPE');
    same('cjson', $r->eval("return cjson.encode({1, 'a'})", 0), '[1,"a"]');
};

$sections{functions} = sub {
    $r->function_flush;
    my $library = "#!lua name=pllib\nredis.register_function('join', function(keys, args) return keys[1] .. args[1] end)";
    same('FUNCTION LOAD', $r->function_load($library), 'pllib');
    same('FCALL', $r->fcall('join', 1, 'k', 'v'), 'kv');
    same('FUNCTION DELETE', $r->function_delete('pllib'), 'OK');
    fails('FCALL of the deleted', sub { $r->fcall('join', 0) }, 'ERR Function not found');
};

$sections{pubsub} = sub {
    my $sub = Redis->new(server => $addr, encoding => undef);
    my @got;
    my $keep = sub { push @got, [@_] };
    my $await = sub {
        my ($n) = @_;
        eventually("$n messages", sub { $sub->wait_for_messages(0.05) if @got < $n; @got >= $n });
    };
    $sub->subscribe('news', 'weather', $keep);
    $sub->psubscribe('n?ws*', $keep);
    unordered('PUBSUB CHANNELS', [$other->pubsub('channels')], qw(news weather));
    same('PUBSUB NUMSUB', [$other->pubsub('numsub', 'news', 'none')], ['news', 1, 'none', 0]);
    same('PUBSUB NUMPAT', $other->pubsub('numpat'), 1);
    same('PUBLISH', $other->publish('news', 'hello'), 2);
    $await->(2);
    same('message', $got[0], ['hello', 'news', 'news']);
    same('pmessage', $got[1], ['hello', 'news', 'n?ws*']);
    same('PUBLISH to the pattern', $other->publish('newsletter', 'x'), 1);
    $await->(3);
    same('pmessage', $got[2], ['x', 'newsletter', 'n?ws*']);
    $sub->unsubscribe('news', 'weather', $keep);
    $sub->punsubscribe('n?ws*', $keep);
    same('PUBLISH to nobody', $other->publish('news', 'x'), 0);
    same('GET after unsubscribing', $sub->get('missing'), undef);
    $sub->quit;
};

$sections{blocking} = sub {
    $r->rpush('ready', 'a');
    same('BLPOP with data', [$r->blpop('empty', 'ready', 1)], ['ready', 'a']);
    same('BLPOP that times out', scalar($r->blpop('empty', 0.01)), undef);
    same('BLPOP', meanwhile(sub { [$r->blpop('p', 'q', 0)] }, qw(RPUSH q x y)), ['q', 'x']);
    same('BRPOPLPUSH', meanwhile(sub { $r->brpoplpush('src', 'dst', 5) }, qw(LPUSH src job)), 'job');
    same('BZPOPMIN', meanwhile(sub { [$r->bzpopmin('z', 5)] }, qw(ZADD z 2 b)), ['z', 'b', 2]);
    same('XREAD BLOCK', meanwhile(sub { [$r->xread(qw(BLOCK 5000 STREAMS s $))] }, qw(XADD s 1-1 f v)),
        [['s', [['1-1', ['f', 'v']]]]]);
};

my @names = @ARGV ? @ARGV : sort keys %sections;
for my $name (@names) {
    next if $sections{$name};
    warn "there is no section '$name'\n";
    exit 2;
}
$| = 1;
for my $name (@names) {
    eval { $r->flushall; $sections{$name}->(); 1 } or do {
        warn "$name: $@";
        exit 1;
    };
    print "ok $name\n";
}
