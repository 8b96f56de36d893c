package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
)

// The made-up rows have ids of their own, far above those of the demo: SPU firstSPU+n has the SKUs 2*(firstSPU+n),
// owned, and, every fourth, 2*(firstSPU+n)+1, rented.
const (
	firstSPU         = 1_000_000
	firstCreator     = 500_000
	videosPerCreator = 500
	wordsInUse       = 3000

	creatorsVideos = 10_000 // sold by the demo's creator, whose dashboard is measured
)

// What the nth made-up order is called, whose it is and which video it buys, in SQL. Primes spread buyers and videos over
// time.
const (
	orderNo = `lpad(n::text, 26, '0')`
	buyer   = `10000000 + n * 7919::bigint % 200000`
	bought  = `1000000 + n * 104729::bigint % $3::int`
)

// syllables and characters make up words; a word's number decides its letters, so that a query can ask for it by
// number.
var (
	syllables = strings.Fields(
		"ban del fir gom hun jal kem lor min nar pol rik sun tam vor wex yan zol bri cla dro fle gru pla sti tro")
	characters = []rune("山水云月风花雪海天星河石林雨春秋夏冬日夜光影声色东南西北城乡路桥门窗书画琴棋茶酒")
)

func englishWord(n int) string {
	k := len(syllables)
	return syllables[n%k] + syllables[n/k%k] + syllables[n/k/k%k]
}

func chineseWord(n int) string {
	k := len(characters)
	return string([]rune{characters[n%k], characters[(n/k+n)%k]})
}

// someWord draws a word's number: few words are in many titles, and many in few, as in any language.
func someWord(r *rand.Rand) int {
	f := r.Float64()
	return int(f * f * f * wordsInUse)
}

// fillProducts brings the catalogue from "from" to "to" made-up products, each with its prices and its search document.
func fillProducts(ctx context.Context, pool *pgxpool.Pool, from, to int) error {
	var categories []int64
	if err := pool.QueryRow(ctx, `select array_agg(id order by id) from catalog_category`).
		Scan(&categories); err != nil {
		return err
	}
	return withoutIndexes(ctx, pool, []string{"video_product_spu", "search_document"}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into catalog_creator (user_id, slug, name_zh, name_en)
			select $1::bigint + n, 'maker-' || n, '作者' || n, 'Maker ' || n
			from generate_series($2::int / $4::int, ($3::int - 1) / $4::int) n
			on conflict do nothing`, firstCreator, from, to, videosPerCreator)
		if err != nil {
			return fmt.Errorf("creators: %w", err)
		}
		spus := func(w *bufio.Writer, n int, f video) {
			fmt.Fprintf(w, "%d,film-%d,%d,%d,%s,%s,%s,%s,\"{%s}\",%d,live,%d,%d,%d,%d,%d,%d,CNY,%s\n", firstSPU+n, n,
				firstCreator+n/videosPerCreator,
				categories[min(n%7*n%11, n)%len(categories)], f.zh, f.en, f.zh, f.about, f.tags, 600+n%5400,
				f.rating*f.ratings, f.ratings, f.sold,
				2*(firstSPU+n)+n%4/3, f.amount, f.amount+500, f.published)
		}
		err = stream(ctx, tx,
			`copy video_product_spu (id, slug, creator_id, category_id, title_zh, title_en, description_zh, description_en, tags,
			duration_seconds, status, rating_sum, rating_count, sold_count, from_sku_id, from_amount, from_list_amount, from_currency, published_at)
			from stdin csv`, from, to, spus)
		if err != nil {
			return fmt.Errorf("SPUs: %w", err)
		}
		err = stream(ctx, tx, `copy search_document (spu_id, words, fuzzy, popularity, version) from stdin csv`, from,
			to,
			func(w *bufio.Writer, n int, f video) {
				fmt.Fprintf(w, "%d,%s,%s,%.3f,2\n", firstSPU+n, f.lexemes, strings.ToLower(f.en)+" maker "+f.fuzzyTags,
					f.popularity())
			})
		if err != nil {
			return fmt.Errorf("documents: %w", err)
		}
		for _, statement := range []string{
			`insert into video_product_sku (id, spu_id, kind, quality, rent_hours) overriding system value
			 select 2 * s.id + k, s.id, case k when 0 then 'own' else 'rent' end, 'HD', 48 * k
			 from video_product_spu s, generate_series(0, 1) k where s.id >= $1 and s.id < $2 and (k = 0
			or s.id % 4 = 3)`,
			`insert into sku_price (sku_id, version, amount, currency, valid_from)
			 select k.id, 1, s.from_amount + case k.kind when 'own' then 1000 else 0 end, 'CNY',
			now() - interval '1 year'
			 from video_product_sku k join video_product_spu s on s.id = k.spu_id where s.id >= $1 and s.id < $2`,
			`insert into search_word select distinct w from search_document, unnest(string_to_array(fuzzy, ' ')) w
			 where spu_id >= $1 and spu_id < $2 on conflict do nothing`,
		} {
			if _, err := tx.Exec(ctx, statement, firstSPU+from, firstSPU+to); err != nil {
				return fmt.Errorf("SKUs, prices and words: %w", err)
			}
		}
		return nil
	})
}

// video is what a number's product says. Drawn from the number alone, so that two tables agree on it.
type video struct {
	zh, en, about, tags, fuzzyTags, lexemes, published string
	amount, sold, rating, ratings                      int
}

func videoOf(n int) video {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	var f video
	var lexemes strings.Builder
	position := 0
	say := func(weight string, words int) (en, zh []string) {
		for range words {
			w := someWord(r)
			e, z := englishWord(w), chineseWord(w)
			position++
			fmt.Fprintf(&lexemes, "'%s':%d%s ", e, position, weight)
			c := []rune(z)
			fmt.Fprintf(&lexemes, "'%c':%d%s '%s':%[2]d%[3]s '%[5]c':%[6]d%[3]s ", c[0], position+100, weight, z, c[1],
				position+101)
			position++
			en, zh = append(en, e), append(zh, z)
		}
		return en, zh
	}
	en, zh := say("A", 3)
	f.en, f.zh = strings.ToUpper(en[0][:1])+strings.Join(en, " ")[1:], strings.Join(zh, "")
	tags, _ := say("B", 3)
	f.tags, f.fuzzyTags = strings.Join(tags, ","), strings.Join(tags, " ")
	about, _ := say("C", 20)
	f.about, f.lexemes = strings.Join(about, " "), lexemes.String()
	f.amount, f.sold = 100*(1+r.IntN(99)), int(1/(r.Float64()+0.0001))
	f.rating, f.ratings = 1+r.IntN(5), r.IntN(40)
	f.published = fmt.Sprintf("20%02d-%02d-%02dT%02d:%02d:%02dZ", 15+r.IntN(11), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24),
		r.IntN(60), r.IntN(60))
	return f
}

// popularity is search's own formula.
func (f video) popularity() float64 { return 1 + 0.15*math.Log1p(float64(f.sold)) }

// stream copies a line a product into PostgreSQL while it is made.
func stream(ctx context.Context, tx pgx.Tx, sql string, from, to int, line func(*bufio.Writer, int, video)) error {
	out, in := io.Pipe()
	go func() {
		w := bufio.NewWriterSize(in, 1<<20)
		for n := from; n < to; n++ {
			line(w, n, videoOf(n))
		}
		in.CloseWithError(w.Flush())
	}()
	_, err := tx.Conn().PgConn().CopyFrom(ctx, out, sql)
	_ = out.CloseWithError(err) // a copy that failed reads no more: let the writer end
	return err
}

// fillOrders adds delivered orders, one item each, with what they leave behind: moves and entitlements. Each buyer's
// orders are spread over all that time. The first videos are the creator's, who so has one in a hundred of a million;
// the others are their creators'.
func fillOrders(ctx context.Context, pool *pgxpool.Pool, from, to, products int, creator int64) error {
	tables := []string{"video_order", "video_order_item", "order_transition", "video_entitlement"}
	return withoutIndexes(ctx, pool, tables, func(tx pgx.Tx) error {
		for _, statement := range []string{
			`insert into video_order (order_no, user_id, status, version, total_amount, currency, idempotency_key,
				request_hash, pay_before,
			     created_at, paid_at, delivered_at)
			 select ` + orderNo + `, ` + buyer + `, 'DELIVERED', 3, 1990, 'CNY', 'grow-' || n, '\x00', t, t, t, t
			 from generate_series($1::int, $2::int - 1) n, lateral (select now() - interval '2 years' + n * interval '10 seconds') a(t)
			 where $3::int > 0`,
			`insert into video_order_item (order_no, line_no, sku_id, spu_id, creator_id, title_zh, title_en, slug,
				kind, quality, rent_hours,
			     quantity, price_id, unit_amount, amount, granted_at)
			 select ` + orderNo + `, 1, 2 * s, s, ` + sellerOf(creator) +
				`, '影片', 'Film', 'film', 'own', 'HD', 0, 1, 1, 1990, 1990, now()
			 from generate_series($1::int, $2::int - 1) n, lateral (select ` + bought + `) b(s)`,
			`insert into order_transition (order_no, from_status, to_status, version, cause, actor)
			 select ` + orderNo + `, f, t, v, 'grown', 'bench' from generate_series($1::int, $2::int - 1) n,
			     (values ('INIT', 'PENDING_PAY', 1), ('PENDING_PAY', 'PAID', 2), ('PAID', 'DELIVERED', 3)) m(f, t, v) where $3::int > 0`,
			`insert into video_entitlement (user_id, spu_id, sku_id, reference, source, kind, quality, granted_at)
			 select ` + buyer + `, s, 2 * s, ` + orderNo + `, ` + orderNo +
				` || '/1', 'own', 'HD', now() - interval '2 years' + n * interval '10 seconds'
			 from generate_series($1::int, $2::int - 1) n, lateral (select ` + bought + `) b(s)`,
		} {
			if _, err := tx.Exec(ctx, statement, from, to, products); err != nil {
				return fmt.Errorf("orders: %w", err)
			}
		}
		return nil
	})
}

// sellerOf is whose video s is, in SQL.
func sellerOf(creator int64) string {
	return fmt.Sprintf("case when s < %d then %d else %d + (s - %d) / %d end", firstSPU+creatorsVideos, creator,
		firstCreator, firstSPU, videosPerCreator)
}

// withoutIndexes takes the indexes that hold no constraint off the tables while fill works, and puts them back as they
// were defined: building an index over rows that are there takes a fraction of what growing it takes. Checks of foreign
// keys rest meanwhile, too.
func withoutIndexes(ctx context.Context, pool *pgxpool.Pool, tables []string, fill func(pgx.Tx) error) error {
	err := db.InTx(ctx, pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
			from pg_index i
			where indrelid = any(select unnest($1::text[])::regclass) and not exists (select from pg_constraint
			where conindid = i.indexrelid)`, tables)
		if err != nil {
			return err
		}
		indexes, err := pgx.CollectRows(rows, pgx.RowToStructByName[struct{ Name, Definition string }])
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx,
			`set local session_replication_role = replica; set local maintenance_work_mem = '512MB';
			set local statement_timeout = 0; set local work_mem = '128MB'`); err != nil {
			return err
		}
		for _, i := range indexes {
			if _, err := tx.Exec(ctx, "drop index "+i.Name); err != nil {
				return err
			}
		}
		if err := fill(tx); err != nil {
			return err
		}
		for _, i := range indexes {
			if _, err := tx.Exec(ctx, i.Definition); err != nil {
				return fmt.Errorf("rebuild %s: %w", i.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	connection, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer connection.Release()
	for _, statement := range []string{
		"set statement_timeout = 0", "vacuum analyze", "checkpoint",
		"reset statement_timeout",
	} {
		if _, err := connection.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}
