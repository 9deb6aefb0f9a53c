#include "lunad.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "digest.h"
#include "keys.h"
#include "mem.h"
#include "opt.h"
#include "tree.h"

struct store *
lunad_store(struct lunad *l)
{
	return l->store;
}

const char *
lunad_base_url(struct lunad *l)
{
	return l->base_url;
}

const char *
lunad_dir(struct lunad *l)
{
	return l->dir;
}

void
lunad_key_add(struct lunad *l, const char *id, const char *secret,
    const char *arn, const char *user_id)
{
	struct key key = {.id = mem_text(id),
	    .secret = mem_text(secret),
	    .account = mem_text(LUNAD_ACCOUNT),
	    .arn = mem_text(arn),
	    .user_id = mem_text(user_id)};
	keys_add(l->keys, &key);
	free(key.id);
	free(key.secret);
	free(key.account);
	free(key.arn);
	free(key.user_id);
}

void
lunad_key_drop(struct lunad *l, const char *id)
{
	keys_drop(l->keys, id);
	auth_forget(l->auth);
}

const char *
lunad_smtp(struct lunad *l)
{
	return l->smtp;
}

bool
lunad_sync(struct lunad *l)
{
	return l->sync;
}

bool
lunad_limits(struct lunad *l)
{
	return l->limits;
}

/* xorshift128+ (Vigna, 2014): good enough for faults, jitter and ids. */
uint64_t
lunad_random64(struct lunad *l)
{
	uint64_t a = l->random[0], b = l->random[1];
	l->random[0] = b;
	a ^= a << 23;
	l->random[1] = a ^ b ^ (a >> 18) ^ (b >> 5);
	return l->random[1] + b;
}

double
lunad_random(struct lunad *l)
{
	return (double)(lunad_random64(l) >> 11) * 0x1p-53;
}

/* Two words of one seed, never both zero (splitmix64). */
static void
seed(struct lunad *l, int64_t from)
{
	uint64_t x = (uint64_t)from;
	for (size_t i = 0; i < 2; i++) {
		x += 0x9e3779b97f4a7c15;
		uint64_t z = x;
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		l->random[i] = z ^ (z >> 31);
	}
}

static int
schemas(struct lunad *l, struct err *err)
{
	store_save(l->store);
	for (size_t i = 0; lunad_apis[i] != NULL; i++)
		if (lunad_apis[i]->schema != NULL &&
		    store_script(l->store, lunad_apis[i]->schema, err) < 0) {
			err_prefix(err, "%s", lunad_apis[i]->name);
			return -1;
		}
	store_keep(l->store);
	if (store_pending(l->store) && store_commit(l->store) < 0)
		return err_set(
		    err, ERR_SETUP, "Store", "%s cannot be written", l->dir);
	return 0;
}

static void
opens(struct lunad *l)
{
	for (size_t i = 0; lunad_apis[i] != NULL; i++)
		if (lunad_apis[i]->open != NULL)
			lunad_apis[i]->open(l);
}

/* One lunad a directory: two would not see each other's keys and wakes. */
static int
lock(struct lunad *l, struct err *err)
{
	char *path = mem_format("%s/lock", l->dir);
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int rc = 0;
	l->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (l->lock < 0)
		rc = err_set(
		    err, ERR_SETUP, "Store", "%s: %s", path, strerror(errno));
	else if (fcntl(l->lock, F_SETLK, &whole) != 0)
		rc = err_set(err, ERR_SETUP, "Store",
		    "%s: in use by another lunad", l->dir);
	free(path);
	return rc;
}

/* Session keys are in it: nobody else's to read, whatever the directory. */
static struct store *
open_store(struct lunad *l, enum store_sync sync, struct err *err)
{
	char *path = mem_format("%s/lunad.db", l->dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct store *s = NULL;
	if (fd < 0)
		err_set(
		    err, ERR_SETUP, "Store", "%s: %s", path, strerror(errno));
	else if (close(fd) == 0)
		s = store_open(path, sync, err);
	free(path);
	return s;
}

int
lunad_open(struct lunad *l, const struct lunad_options *o, struct err *err)
{
	*l = (struct lunad){.dir = o->dir,
	    .smtp = o->smtp,
	    .lock = -1,
	    .sync = o->sync == STORE_SYNC_FULL,
	    .limits = o->limits};
	seed(l, o->seed);
	if (mkdir(l->dir, 0700) != 0 && errno != EEXIST)
		return err_set(
		    err, ERR_SETUP, "Store", "%s: %s", l->dir, strerror(errno));
	if (lock(l, err) < 0)
		return -1;
	l->keys = keys_new();
	l->auth = auth_new(l->keys);
	l->faults = faults_new();
	if (o->credentials != NULL &&
	    keys_load(l->keys, o->credentials, err) < 0)
		return -1;
	for (size_t i = 0; i < o->fault->count; i++)
		if (faults_add(l->faults, o->fault->item[i], err) < 0)
			return -1;
	l->store = open_store(l, o->sync, err);
	if (l->store == NULL || clock_open(l, o->clock, err) == NULL ||
	    schemas(l, err) < 0 || server_open(l, o->server, err) < 0)
		return -1;
	opens(l);
	if (store_pending(l->store))
		server_commit(l);
	return 0;
}

void
lunad_close(struct lunad *l)
{
	server_close(l);
	store_close(l->store);
	clock_free(l->clock);
	faults_free(l->faults);
	auth_free(l->auth);
	keys_free(l->keys);
	free(l->base_url);
	if (l->lock >= 0)
		close(l->lock);
}

/* Every table of every service, its mail, its sessions; not the clock. */
int
lunad_empty(struct lunad *l, struct err *err)
{
	server_commit(l);
	store_save(l->store);
	sqlite3_stmt *q = store_query(l->store,
	    "SELECT group_concat('DELETE FROM \"' || name || '\"', ';')"
	    " FROM sqlite_schema WHERE type = 'table'"
	    " AND name NOT LIKE 'core\\_%' ESCAPE '\\'",
	    "");
	char *sql = store_next(q) ? mem_text(store_text(q, 0)) : mem_text("");
	store_end(q);
	int rc = store_script(l->store, sql, err);
	free(sql);
	store_keep(l->store);
	if (rc == 0)
		rc = schemas(l, err);
	if (rc < 0)
		return -1;
	char *mail = mem_format("%s/mail", l->dir);
	tree_remove(mail);
	free(mail);
	auth_forget(l->auth);
	keys_drop_later(l->keys);
	opens(l);
	server_wake_all(l);
	server_commit(l);
	return 0;
}
