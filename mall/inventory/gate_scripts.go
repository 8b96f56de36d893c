package inventory

import (
	"strconv"

	"github.com/redis/go-redis/v9"
)

// What Redis keeps of a stock, all under one hash tag, so that the scripts run on Redis Cluster:
//
//	gate:{sku:42}:7:count   hash: left, limit (a person's units, 0 for none), epoch (raised by each recount), counting (until, ms)
//	gate:{sku:42}:7:held    hash: token → "qty:user:deadline ms" of admissions whose order is not known to be written yet
//	gate:{sku:42}:7:done    sorted set: tokens whose order is written, by the time to forget them
//	gate:{sku:42}:7:buyers  hash: user → units, where a limit is set
//
// 7 is the campaign, 0 the normal stock. None expires by itself: a counter that vanished would be a stock that is not
// sold.
func (s StockKey) keys() []string {
	base := "gate:{sku:" + strconv.FormatInt(s.SKUID, 10) + "}:" + strconv.FormatInt(s.CampaignID, 10) + ":"
	return []string{base + "count", base + "held", base + "done", base + "buyers"}
}

type scripts struct{ admit, conclude, giveBack, mend, count, set *redis.Script }

func newScripts() scripts {
	return scripts{
		// Takes units for an admission, once a token. KEYS count, held, done, buyers. ARGV token, user, qty, now ms,
		// deadline ms. Returns {word, left}: "again" for a token that is known, "counting" while the stock is being
		// counted, "cold" without a counter, "limit", "sold_out", or "taken".
		admit: redis.NewScript(`
local now = tonumber(ARGV[4])
local count = redis.call('HMGET', KEYS[1], 'left', 'limit', 'counting')
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 or redis.call('ZSCORE', KEYS[3], ARGV[1]) then return {'again', 0} end
if tonumber(count[3] or 0) > now then return {'counting', 0} end
if not count[1] then return {'cold', 0} end
local left, limit, qty = tonumber(count[1]), tonumber(count[2] or 0), tonumber(ARGV[3])
if limit > 0 and tonumber(redis.call('HGET', KEYS[4], ARGV[2]) or 0) + qty > limit then return {'limit', left} end
if left < qty then return {'sold_out', left} end
left = redis.call('HINCRBY', KEYS[1], 'left', -qty)
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3] .. ':' .. ARGV[2] .. ':' .. ARGV[5])
if limit > 0 then redis.call('HINCRBY', KEYS[4], ARGV[2], qty) end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
return {'taken', left}`),

		// Ends admissions: the first n tokens have their order written and are remembered for a while, the others give
		// their units back. A token that is not held is passed over, so that nothing is given back twice. KEYS count,
		// held, done, buyers. ARGV forget at ms, n, token... Returns how many tokens gave units back.
		conclude: redis.NewScript(`
local given = 0
for i = 3, #ARGV do
  local held = redis.call('HGET', KEYS[2], ARGV[i])
  if held then
    redis.call('HDEL', KEYS[2], ARGV[i])
    if i - 2 <= tonumber(ARGV[2]) then
      redis.call('ZADD', KEYS[3], ARGV[1], ARGV[i])
    else
      local qty, user = string.match(held, '^(%d+):(%d+):')
      if redis.call('HEXISTS', KEYS[1], 'left') == 1 then redis.call('HINCRBY', KEYS[1], 'left', qty) end
      if redis.call('HEXISTS', KEYS[4], user) == 1 then redis.call('HINCRBY', KEYS[4], user, -qty) end
      given = given + 1
    end
  end
end
return given`),

		// Gives the units of a written order back, once a token.
		// KEYS count, held, done, buyers. ARGV token, user, qty.
		// Returns 1 when units came back, 0 for a token that is not known: the recount finds them.
		giveBack: redis.NewScript(`
if redis.call('ZREM', KEYS[3], ARGV[1]) == 0 then return 0 end
if redis.call('HEXISTS', KEYS[1], 'left') == 1 then redis.call('HINCRBY', KEYS[1], 'left', ARGV[3]) end
if redis.call('HEXISTS', KEYS[4], ARGV[2]) == 1 then redis.call('HINCRBY', KEYS[4], ARGV[2], -ARGV[3]) end
return 1`),

		// Lowers what a person has to what PostgreSQL says, with what is held for them beside it.
		// KEYS count, held, done, buyers. ARGV user, units in PostgreSQL.
		// Returns 1 when it was less than Redis thought.
		mend: redis.NewScript(`
local units = tonumber(ARGV[2])
for _, held in ipairs(redis.call('HVALS', KEYS[2])) do
  local qty, user = string.match(held, '^(%d+):(%d+):')
  if user == ARGV[1] then units = units + qty end
end
if units >= tonumber(redis.call('HGET', KEYS[4], ARGV[1]) or 0) then return 0 end
redis.call('HSET', KEYS[4], ARGV[1], units)
return 1`),

		// Begins a recount: admissions wait until it ends, or until the given time if its process dies.
		// KEYS count, held, done, buyers. ARGV now ms, until ms.
		// Returns {epoch, token, value, token, value...} of what is held, or {-1} while another recount runs.
		count: redis.NewScript(`
if tonumber(redis.call('HGET', KEYS[1], 'counting') or 0) > tonumber(ARGV[1]) then return {-1} end
redis.call('HSET', KEYS[1], 'counting', ARGV[2])
local held = redis.call('HGETALL', KEYS[2])
table.insert(held, 1, tonumber(redis.call('HGET', KEYS[1], 'epoch') or 0))
return held`),

		// Ends a recount. Units of tokens that had no row at the moment of counting are taken off again, as long as the
		// token is still held, or was written in between; one that is past its deadline has no order and never will.
		// KEYS count, held, done, buyers. ARGV epoch, available, limit, now ms, forget at ms, n, then n tokens that
		// have their row, then token and qty of each that had none. Returns {1 or 0 when another recount came between,
		// left before or -1 without one, left now}.
		set: redis.NewScript(`
if tonumber(redis.call('HGET', KEYS[1], 'epoch') or 0) ~= tonumber(ARGV[1]) then return {0, 0, 0} end
local left, now, n = tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[6])
for i = 7, 6 + n do
  if redis.call('HDEL', KEYS[2], ARGV[i]) == 1 then redis.call('ZADD', KEYS[3], ARGV[5], ARGV[i]) end
end
for i = 7 + n, #ARGV, 2 do
  local held = redis.call('HGET', KEYS[2], ARGV[i])
  if held then
    local qty, user, deadline = string.match(held, '^(%d+):(%d+):(%d+)$')
    if tonumber(deadline) > now then
      left = left - qty
    else
      redis.call('HDEL', KEYS[2], ARGV[i])
      if redis.call('HEXISTS', KEYS[4], user) == 1 then redis.call('HINCRBY', KEYS[4], user, -qty) end
    end
  elseif redis.call('ZSCORE', KEYS[3], ARGV[i]) then
    left = left - tonumber(ARGV[i + 1])
  end
end
if left < 0 then left = 0 end
local before = redis.call('HGET', KEYS[1], 'left')
redis.call('HSET', KEYS[1], 'left', left, 'limit', ARGV[3], 'epoch', tonumber(ARGV[1]) + 1, 'counting', 0)
return {1, tonumber(before or -1), left}`),
	}
}
