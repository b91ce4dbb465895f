"""Small scripts that the tests of the client run."""

from storage.redis.script import Script

ECHO = Script.of("echo", b"return ARGV[1]")
SET_ONCE = Script.of(
    "set_once",
    b"if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SET', KEYS[1], ARGV[1]) end "
    b"return redis.call('GET', KEYS[1])",
)
COUNT = Script.of("count", b"return redis.call('INCR', KEYS[1])")
SLOW = Script.of(
    "slow",
    b"local t = redis.call('TIME') local till = t[1] * 1e6 + t[2] + ARGV[1] * 1000 "
    b"repeat t = redis.call('TIME') until t[1] * 1e6 + t[2] > till return 'done'",
)
WRONG = Script.of("wrong", b"return redis.call('LPUSH', KEYS[1], 'x') + nil")
