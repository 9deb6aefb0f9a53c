#include "smtp.h"

#include <sys/eventfd.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "mem.h"

#define TIMEOUT_S 60L

struct job {
	int64_t id;
	char *from, *to, *mail;
	size_t len, at;
	struct err err;
	struct job *next;
};

struct list {
	struct job *first, *last;
};

struct smtp {
	const char *url;
	pthread_t thread;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t more;
	struct list todo, done;
	size_t pending;
	int fd; /* counts done */
};

static void
append(struct list *l, struct job *j)
{
	j->next = NULL;
	if (l->first == NULL)
		l->first = j;
	else
		l->last->next = j;
	l->last = j;
}

static struct job *
take(struct list *l)
{
	struct job *j = l->first;

	if (j != NULL)
		l->first = j->next;
	return j;
}

static void
job_free(struct job *j)
{
	free(j->from);
	free(j->to);
	free(j->mail);
	free(j);
}

static size_t
read_mail(char *to, size_t size, size_t count, void *user)
{
	struct job *j = user;
	size_t n = size * count;

	if (n > j->len - j->at)
		n = j->len - j->at;
	memcpy(to, j->mail + j->at, n);
	j->at += n;
	return n;
}

static void
send_one(struct smtp *s, CURL *curl, struct job *j)
{
	struct curl_slist *to = curl_slist_append(NULL, j->to);
	long code = 0;
	CURLcode rc;

	curl_easy_setopt(curl, CURLOPT_URL, s->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, j->from);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_mail);
	curl_easy_setopt(curl, CURLOPT_READDATA, j);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	rc = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	if (rc != CURLE_OK)
		err_set(&j->err, code >= 500 ? ERR_REFUSED : ERR_LATER, "Smtp",
		    "mail to %s: %s (answer %ld)", j->to,
		    curl_easy_strerror(rc), code);
	curl_slist_free_all(to);
}

static void *
run(void *user)
{
	struct smtp *s = user;
	CURL *curl = curl_easy_init();
	uint64_t one = 1;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		struct job *j = take(&s->todo);

		if (j == NULL) {
			pthread_cond_wait(&s->more, &s->lock);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		if (curl == NULL)
			err_set(&j->err, ERR_LATER, "Smtp", "no libcurl");
		else
			send_one(s, curl, j);
		pthread_mutex_lock(&s->lock);
		append(&s->done, j);
		/* Fails only when the count is full: then it is readable. */
		if (write(s->fd, &one, sizeof(one)) < 0)
			continue;
	}
	return NULL;
}

struct smtp *
smtp_open(const char *url)
{
	struct smtp *s = mem_alloc(sizeof(*s));

	s->url = url;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	if (s->fd < 0 || pthread_create(&s->thread, NULL, run, s) != 0) {
		if (s->fd >= 0)
			close(s->fd);
		free(s);
		return NULL;
	}
	return s;
}

void
smtp_send(struct smtp *s, int64_t id, const char *from, const char *to,
    const char *mail, size_t len)
{
	struct job *j = mem_alloc(sizeof(*j));

	j->id = id;
	j->from = mem_text(from);
	j->to = mem_text(to);
	j->mail = mem_copy(mail, len);
	j->len = len;
	pthread_mutex_lock(&s->lock);
	append(&s->todo, j);
	s->pending++;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

int
smtp_fd(const struct smtp *s)
{
	return s->fd;
}

bool
smtp_next(struct smtp *s, int64_t *id, struct err *err)
{
	struct job *j;
	uint64_t count;

	pthread_mutex_lock(&s->lock);
	j = take(&s->done);
	if (j != NULL)
		s->pending--;
	else if (read(s->fd, &count, sizeof(count)) < 0)
		count = 0;
	pthread_mutex_unlock(&s->lock);
	if (j == NULL)
		return false;
	*id = j->id;
	*err = j->err;
	job_free(j);
	return true;
}

size_t
smtp_pending(struct smtp *s)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = s->pending;
	pthread_mutex_unlock(&s->lock);
	return n;
}
