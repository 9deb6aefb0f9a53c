/*
 * events - make up the visits of a web shop
 *
 * In:  nothing
 * Out: CSV with CR LF, the nine columns of the public data set: event_time,
 *      event_type, product_id, category_id, category_code, brand, price,
 *      user_id, user_session
 * API: none
 *
 * Visitors come as the hour and the weekday have it, view products, put them
 * into carts, take them out, and buy what is in the cart or leave it; a few
 * brands are viewed and never bought; a few users are bots. All is drawn from
 * the seed by whole numbers alone: the same options give the same bytes on
 * every machine.
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"
#include "tool.h"

enum {
	CATEGORIES = 480,
	OF_A_CATEGORY = 100,
	PRODUCTS = CATEGORIES * OF_A_CATEGORY,
	BRANDS = 250,
	BOTS = 20, /* users that are */
	CART = 12,
	EVENTS_A_VISIT = 9, /* about, as it comes out */
	SECOND = 1000000    /* times are microseconds */
};

enum type { VIEW, INTO_CART, OUT_OF_CART, PURCHASE };

static int64_t count = 100000, seed = 1, rate = 16, users = 50000, late;
static int64_t shuffle_ms, late_by_ms = 3600000;
static const char *start = "2020-01-01";

static const struct opt options[] = {
    {'n', "count", OPT_INTEGER, &count, "COUNT", "so many events (100000)", 0,
	0},
    {0, "seed", OPT_INTEGER, &seed, "N", "other events for another (1)", 0, 0},
    {0, "start", OPT_TEXT, &start, "TIME", "of the first (2020-01-01)", 0, 0},
    {0, "rate", OPT_INTEGER, &rate, "N", "events a second, about (16)", 1,
	1000000},
    {0, "users", OPT_INTEGER, &users, "N", "who may come (50000)", 1,
	100000000},
    {0, "shuffle", OPT_DURATION, &shuffle_ms, "S",
	"out of order by at most so much (0)", 0, 0},
    {0, "late", OPT_INTEGER, &late, "N",
	"of 1,000 events come later than that (0)", 0, 1000},
    {0, "late-by", OPT_DURATION, &late_by_ms, "S", "... by at most (3600)", 0,
	0},
    {0}};

static const struct tool_about about = {.name = "events",
    .synopsis = "[-n COUNT] [--seed N] [--start TIME] [--rate N] [--users N]\n"
		"[--shuffle S] [--late N] [--late-by S]",
    .options = options};

/* What waits for its time, the earliest first; of two of one time the one
 * that was added first. */
struct due {
	int64_t at;
	uint64_t order;
	void *what;
};

struct queue {
	struct due *due; /* a heap */
	size_t len, cap;
	uint64_t added;
};

struct visit {
	uint32_t user;
	uint32_t product; /* viewed last */
	uint32_t left;    /* views to come */
	uint32_t carried; /* in the cart */
	uint32_t buying;  /* of the cart, still to be bought */
	uint32_t cart[CART];
	bool bot;
	char session[36];
};

struct event {
	int64_t at;
	enum type type;
	uint32_t product, user;
	char session[36];
};

struct product {
	struct buf columns;
	bool shunned; /* of a brand that nobody buys */
};

struct shop {
	struct tool tool;
	uint64_t random, disorder; /* apart: disorder changes no event */
	struct product *product;
	struct queue visits, delayed;
	int64_t arrives; /* the next visitor */
	int64_t second;  /* that `time` shows */
	char time[TEXT_ISO];
};

/* SplitMix64, of Steele, Lea and Flood. */
static uint64_t
draw(uint64_t *random)
{
	uint64_t z = (*random += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Uniform below n, near enough for n of 32 bits. */
static uint32_t
below(uint64_t *random, uint64_t n)
{
	return (uint32_t)((draw(random) >> 32) * n >> 32);
}

/* The same, small values far more often. */
static uint32_t
skewed(uint64_t *random, uint64_t n)
{
	uint64_t a = draw(random) >> 32, b = draw(random) >> 32;
	return (uint32_t)((a * b >> 32) * n >> 32);
}

/* About exponential with this mean: how many bits are 0 before the first 1,
 * and a straight line between the powers of two. */
static int64_t
about_mean(uint64_t *random, int64_t mean)
{
	uint64_t r = draw(random) | 1;
	int zeroes = __builtin_clzll(r);
	int64_t part = (int64_t)(r << zeroes >> 47 & 0xffff);
	return mean * (((int64_t)zeroes << 16) + 65536 - part) / 98304;
}

static bool
before(const struct due *a, const struct due *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
queue_add(struct queue *q, int64_t at, void *what)
{
	if (q->len == q->cap) {
		q->cap = q->cap == 0 ? 1024 : q->cap * 2;
		q->due = mem_grow(q->due, q->cap, sizeof(*q->due));
	}
	struct due new = {at, q->added++, what};
	size_t i = q->len++;
	for (; i > 0 && before(&new, &q->due[(i - 1) / 2]); i = (i - 1) / 2)
		q->due[i] = q->due[(i - 1) / 2];
	q->due[i] = new;
}

/* Put what is at the front where it belongs at another time, or at the end
 * of the queue: into the place of the last, which is gone. */
static void
sift(struct queue *q, struct due moved)
{
	size_t i = 0, child;
	for (; (child = 2 * i + 1) < q->len; i = child) {
		if (child + 1 < q->len &&
		    before(&q->due[child + 1], &q->due[child]))
			child++;
		if (!before(&q->due[child], &moved))
			break;
		q->due[i] = q->due[child];
	}
	q->due[i] = moved;
}

static void *
queue_take(struct queue *q)
{
	void *what = q->due[0].what;
	if (--q->len > 0)
		sift(q, q->due[q->len]);
	return what;
}

/* The front waits again, until `at`. */
static void
queue_again(struct queue *q, int64_t at)
{
	sift(q, (struct due){at, q->added++, q->due[0].what});
}

/* A word of so many syllables. */
static void
make_word(struct shop *s, int syllables, struct buf *out)
{
	static const char first[] = "bdfgklmnprstvz", then[] = "aeiou";
	for (; syllables > 0; syllables--) {
		buf_add_char(out, first[below(&s->random, sizeof(first) - 1)]);
		buf_add_char(out, then[below(&s->random, sizeof(then) - 1)]);
	}
}

/* category_id,category_code: most have no code. */
static void
make_category(struct shop *s, struct buf *out)
{
	static const char *const kinds[] = {"accessories", "apparel",
	    "appliances", "furniture", "stationery", "sport"};
	unsigned long long id = 2053013552259662037 + (draw(&s->random) >> 7);
	buf_addf(out, "%llu,", id);
	if (below(&s->random, 100) >= 30)
		return;
	buf_addf(out, "%s.",
	    kinds[below(&s->random, sizeof(kinds) / sizeof(*kinds))]);
	make_word(s, 3, out);
	buf_add_char(out, '.');
	make_word(s, 2, out);
}

/* product_id,category_id,category_code,brand,price: two in five have no
 * brand. */
static void
make_product(struct shop *s, uint32_t number, const struct buf *category,
    const struct buf *brands, struct product *p)
{
	uint32_t brand = skewed(&s->random, BRANDS);
	/* Not in one expression: which is drawn first would not be said. */
	uint32_t cents = 32 + skewed(&s->random, 9000);
	cents += skewed(&s->random, 20) * 500;
	bool named = below(&s->random, 5) >= 2;
	p->shunned = named && brand % 16 == 9;
	buf_addf(&p->columns, "%u,%s,%s,%u.%02u", 3000000 + number * 61,
	    buf_text(category), named ? buf_text(&brands[brand]) : "",
	    cents / 100, cents % 100);
}

static void
make_products(struct shop *s)
{
	struct buf category = {0}, brands[BRANDS] = {{0}};
	s->product = mem_alloc(PRODUCTS * sizeof(*s->product));
	for (int i = 0; i < BRANDS; i++)
		make_word(s, 2 + i % 3, &brands[i]);
	for (uint32_t i = 0; i < PRODUCTS; i++) {
		if (i % OF_A_CATEGORY == 0) {
			buf_reset(&category);
			make_category(s, &category);
		}
		make_product(s, i, &category, brands, &s->product[i]);
	}
	for (int i = 0; i < BRANDS; i++)
		buf_clear(&brands[i]);
	buf_clear(&category);
}

/* When the visitor after one who came at `at` comes. */
static int64_t
next_arrival(struct shop *s, int64_t at)
{
	/* Per cent of the mean, by hour, and by weekday from Thursday on. */
	static const int hours[] = {48, 33, 25, 20, 21, 30, 52, 78, 98, 112,
	    119, 122, 121, 119, 116, 115, 117, 124, 139, 152, 153, 137, 108,
	    75};
	static const int days[] = {104, 98, 88, 93, 106, 107, 104};
	int64_t hour = at / SECOND / 3600;
	return at + about_mean(&s->random, (int64_t)SECOND * EVENTS_A_VISIT *
					       10000 / rate / hours[hour % 24] /
					       days[hour / 24 % 7]);
}

static void
make_session(struct shop *s, char out[static 36])
{
	static const char hex[] = "0123456789abcdef";
	uint64_t bits = 0;
	for (int i = 0; i < 36; i++) {
		if (i == 0 || i == 18)
			bits = draw(&s->random);
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			out[i] = '-';
			continue;
		}
		out[i] = hex[bits & 15];
		bits >>= 4;
	}
	out[14] = '4';
}

static void
begin_visit(struct shop *s)
{
	struct visit *v = mem_alloc(sizeof(*v));
	v->bot = below(&s->random, 4000) == 0;
	v->user = v->bot ? below(&s->random, BOTS)
			 : BOTS + skewed(&s->random, (uint64_t)users);
	v->left = v->bot ? 100 + below(&s->random, 500)
			 : 1 + (uint32_t)about_mean(&s->random, 4);
	v->product = PRODUCTS;
	make_session(s, v->session);
	queue_add(&s->visits, s->arrives, v);
	s->arrives = next_arrival(s, s->arrives);
}

/* The product that is viewed next: one of the same category, one that the
 * hour and the weekday favour, or any. */
static uint32_t
choose(struct shop *s, const struct visit *v, int64_t at)
{
	uint32_t hour = (uint32_t)(at / SECOND / 3600), category;
	uint32_t kind = below(&s->random, 4);
	if (kind < 2 && v->product < PRODUCTS)
		category = v->product / OF_A_CATEGORY;
	else if (kind == 2)
		category = (hour % 24 * 17 + hour / 24 % 7 * 5 +
			       below(&s->random, 4)) %
			   CATEGORIES;
	else
		category = skewed(&s->random, CATEGORIES);
	return category * OF_A_CATEGORY + skewed(&s->random, OF_A_CATEGORY);
}

/* Keep of the cart what somebody buys; how much it is. */
static uint32_t
to_buy(struct shop *s, struct visit *v)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < v->carried; i++)
		if (!s->product[v->cart[i]].shunned)
			v->cart[kept++] = v->cart[i];
	return v->carried = kept;
}

/* What the visitor does now. */
static enum type
act(struct shop *s, struct visit *v, int64_t at, uint32_t *product)
{
	uint32_t chance = below(&s->random, 1000);
	if (v->buying == 0 && v->carried > 0 && chance < 38)
		v->buying = to_buy(s, v);
	if (v->buying > 0) {
		*product = v->cart[--v->buying];
		v->left = v->buying > 0;
		return PURCHASE;
	}
	if (v->carried > 0 && chance < 310) {
		uint32_t i = below(&s->random, v->carried);
		*product = v->cart[i];
		v->cart[i] = v->cart[--v->carried];
		return OUT_OF_CART;
	}
	if (!v->bot && v->product < PRODUCTS && v->carried < CART &&
	    chance > 590) {
		v->cart[v->carried++] = *product = v->product;
		return INTO_CART;
	}
	v->product = *product = choose(s, v, at);
	v->left--;
	return VIEW;
}

/* When the visitor acts again. */
static int64_t
next_act(struct shop *s, const struct visit *v, int64_t at)
{
	if (v->buying > 0)
		return at;
	if (v->bot)
		return at + SECOND / 10 + below(&s->random, SECOND);
	return at + SECOND + about_mean(&s->random, 40 * SECOND);
}

/* Somebody does something: the next event. */
static struct event
happen(struct shop *s)
{
	while (s->visits.len == 0 || s->arrives < s->visits.due[0].at)
		begin_visit(s);
	struct visit *v = s->visits.due[0].what;
	struct event e = {.at = s->visits.due[0].at};
	e.type = act(s, v, e.at, &e.product);
	e.user = v->user;
	memcpy(e.session, v->session, sizeof(e.session));
	if (v->left > 0)
		queue_again(&s->visits, next_act(s, v, e.at));
	else
		free(queue_take(&s->visits));
	return e;
}

static void
print(struct shop *s, const struct event *e)
{
	static const char *const types[] = {
	    "view", "cart", "remove_from_cart", "purchase"};
	struct buf *out = &s->tool.out;
	int64_t second = e->at / SECOND;
	if (second != s->second) {
		text_iso(second * 1000, s->time);
		s->time[10] = ' ';
		s->second = second;
	}
	buf_add(out, s->time, 19);
	buf_add(out, " UTC,", 5);
	buf_add_text(out, types[e->type]);
	buf_add_char(out, ',');
	buf_add(out, s->product[e->product].columns.data,
	    s->product[e->product].columns.len);
	/* Odd, so that each user has another number, of 9 digits. */
	uint32_t user = 400000000 + (e->user * UINT32_C(90589573) & 0xfffffff);
	char digits[] = ",000000000,";
	for (char *p = digits + 9; user > 0; user /= 10)
		*p-- = (char)('0' + user % 10);
	buf_add(out, digits, sizeof(digits) - 1);
	buf_add(out, e->session, sizeof(e->session));
	buf_add(out, "\r\n", 2);
}

/* Print what was delayed until then. */
static void
print_delayed(struct shop *s, int64_t until)
{
	while (s->delayed.len > 0 && s->delayed.due[0].at <= until) {
		struct event *e = queue_take(&s->delayed);
		print(s, e);
		free(e);
	}
}

static void
delay(struct shop *s, const struct event *e)
{
	int64_t by = (int64_t)below(&s->disorder, (uint64_t)shuffle_ms + 1);
	if (late > 0 && below(&s->disorder, 1000) < late)
		by = shuffle_ms + 1000 +
		     below(&s->disorder, (uint64_t)late_by_ms + 1);
	print_delayed(s, e->at);
	queue_add(&s->delayed, e->at + by * 1000, mem_copy(e, sizeof(*e)));
}

static void
run(struct shop *s)
{
	bool orderly = shuffle_ms == 0 && late == 0;
	buf_add_text(&s->tool.out,
	    "event_time,event_type,product_id,category_id,category_code,brand,"
	    "price,user_id,user_session\r\n");
	for (int64_t i = 0; i < count && !tool_stopping(&s->tool); i++) {
		struct event e = happen(s);
		if (orderly)
			print(s, &e);
		else
			delay(s, &e);
		if (s->tool.out.len > 65536 && tool_flush(&s->tool) != 0)
			break;
	}
	print_delayed(s, INT64_MAX);
}

int
main(int argc, char **argv)
{
	struct shop s = {.second = -1};
	tool_start(&s.tool, &about, argc, argv);
	int64_t ms;
	if (text_when(start, text_now(), &ms) != 0 || ms < 0)
		tool_usage(&s.tool, "--start wants a time, not '%s'", start);
	if (shuffle_ms < 0 || shuffle_ms > INT32_MAX || late_by_ms < 0 ||
	    late_by_ms > INT32_MAX)
		tool_usage(&s.tool, "--shuffle and --late-by end at 24 days");
	s.random = (uint64_t)seed;
	s.disorder = ~s.random;
	make_products(&s);
	s.arrives = ms * 1000;
	run(&s);
	for (uint32_t i = 0; i < PRODUCTS; i++)
		buf_clear(&s.product[i].columns);
	free(s.product);
	while (s.visits.len > 0)
		free(queue_take(&s.visits));
	free(s.visits.due);
	free(s.delayed.due);
	return tool_finish(&s.tool);
}
