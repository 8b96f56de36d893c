package cache

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"hash/fnv"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// record is an entry as Redis holds it, at cache:value:<name>:<form>:<key>, until the end of its freshness.
type record struct {
	Stamp  string          `json:"s"` // the epoch and the last change of each tag before the load
	Fresh  int64           `json:"f"` // microseconds since 1970
	Until  int64           `json:"u"` // likewise
	Absent bool            `json:"a,omitempty"`
	Value  json.RawMessage `json:"v,omitempty"`
}

// releaseTurn ends a turn if the caller still has it.
// KEYS[1] the turn. ARGV[1] the caller's token.
// Returns 1 if the caller had it, 0 if it had expired and may belong to another process.
var releaseTurn = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0`)

func (s *store) valueKey(key string) string {
	return "cache:value:" + s.name + ":" + s.form + ":" + key
}

// turnKey returns the key of the turn to load a value after the given changes. The stamp is part of the key, so that
// after a further change no process waits for a load that began before it.
func (s *store) turnKey(key, stamp string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(stamp))
	return "cache:turn:" + s.name + ":" + s.form + ":" + key + ":" + strconv.FormatUint(h.Sum64(), 36)
}

// read returns the record of key in Redis, or nil if there is none or it is void, and the stamp for a value that is
// loaded now. It reads the value first, so that a change which arrives during the other reads makes the stamps differ.
func (s *store) read(ctx context.Context, key string, tags []string) (*record, string, error) {
	if !s.changes.settle(ctx) {
		return nil, "", errOwing
	}
	var raw []byte
	var stamp strings.Builder
	err := s.changes.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		pipe := r.Pipeline() // a cluster permits commands of one key each
		value, said := pipe.Get(ctx, s.valueKey(key)), []*redis.StringCmd{pipe.Get(ctx, epochKey)}
		for _, tag := range tags {
			said = append(said, pipe.Get(ctx, changeKey(tag)))
		}
		if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		for _, v := range said {
			if err := v.Err(); err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			stamp.WriteString("." + v.Val())
		}
		raw, _ = value.Bytes()
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	var found record
	if len(raw) == 0 || json.Unmarshal(raw, &found) != nil || found.Stamp != stamp.String() ||
		s.changes.now().UnixMicro() >= min(found.Fresh, found.Until) {
		return nil, stamp.String(), nil
	}
	return &found, stamp.String(), nil
}

var errOwing = errors.New("redis was not told of a change, and can't be told now")

// shared returns an entry for a record that another process has loaded. Errors: those of decoding its value.
func (s *store) shared(r *record, seq uint64, began time.Time, tags []string, load Load[any]) (*entry, error) {
	e := &entry{
		tags:   tags,
		load:   load,
		seq:    seq,
		loaded: began,
		fresh:  time.UnixMicro(r.Fresh),
		until:  time.UnixMicro(r.Until),
	}
	if r.Absent {
		e.err = s.absent
	} else {
		v, err := s.decode(r.Value)
		if err != nil {
			return nil, err
		}
		e.value = v
	}
	s.counts.Shared()
	return e, nil
}

// write stores an entry in Redis for other processes. If that fails, they load the value themselves.
func (s *store) write(ctx context.Context, key, stamp string, e *entry) {
	r := record{
		Stamp:  stamp,
		Fresh:  e.fresh.UnixMicro(),
		Until:  e.until.UnixMicro(),
		Absent: e.err != nil,
	}
	policy := e.fresh.Sub(s.changes.now())
	var raw []byte
	var err error
	if !r.Absent {
		r.Value, err = json.Marshal(e.value)
	}
	if err == nil {
		raw, err = json.Marshal(r)
	}
	if err == nil && policy >= time.Millisecond {
		err = s.changes.redis.Try(ctx, func(ctx context.Context, rdb redis.UniversalClient) error {
			return rdb.Set(ctx, s.valueKey(key), raw, policy).Err()
		})
	}
	if err != nil {
		s.log.DebugContext(ctx, "not shared with other processes", "cache", s.name, "key", key, "error", err)
	}
}

// takeTurn makes this process the one that loads key, for as long as others wait for it. ok is false while another
// process has the turn.
func (s *store) takeTurn(ctx context.Context, key, stamp string) (release func(), ok bool, err error) {
	turn, token := s.turnKey(key, stamp), rand.Text()
	err = s.changes.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) (err error) {
		ok, err = r.SetNX(ctx, turn, token, s.patience).Result()
		return err
	})
	return func() {
		_ = s.changes.redis.Try(context.WithoutCancel(ctx), func(ctx context.Context, r redis.UniversalClient) error {
			return releaseTurn.Run(ctx, r, []string{turn}, token).Err() // if this fails, the turn expires by itself
		})
	}, ok, err
}

// formOf returns a hash of the fields of a type, so that two builds in which the type differs do not read each other's
// values.
func formOf(typ reflect.Type) string {
	h := fnv.New32a()
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		_, _ = h.Write([]byte(t.String() + ";"))
		if seen[t] {
			return
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array:
			walk(t.Elem())
		case reflect.Map:
			walk(t.Key())
			walk(t.Elem())
		case reflect.Struct:
			for i := range t.NumField() {
				if f := t.Field(i); f.IsExported() {
					_, _ = h.Write([]byte(f.Name + string(f.Tag)))
					walk(f.Type)
				}
			}
		}
	}
	walk(typ)
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}
