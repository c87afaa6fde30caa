/* probe_monitor.c - what monitoring systems take: one line and an exit status for Nagios and its kin (the Monitoring
 * Plugins' guidelines), a file for Prometheus' textfile collector with the names of the blackbox exporter. */
#include "probe_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What is told of one target. */
struct sample {
    char        target[300], version[NAME_MAX_LEN], cipher[NAME_MAX_LEN];
    const char *cause, *side; /* cause NULL: it could not be probed */
    size_t      order;
    bool        success;
    double      seconds;
    int64_t     earliest, chain; /* when the first of the certificates sent ends, of the chain built; 0 = none */
};

struct monitor {
    const struct probe_options *o;
    struct sample              *v;
    size_t                      n, cap;
    struct text                 line; /* for Nagios: all but the words before it */
    int                         state;
};

struct monitor *monitor_new(const struct probe_options *o)
{
    struct monitor *m = mem_get(1, sizeof *m);
    m->o = o;
    m->state = PLUGIN_UNKNOWN;
    return m;
}

void monitor_free(struct monitor *m)
{
    if (m == NULL)
        return;
    text_free(&m->line);
    free(m->v);
    free(m);
}

static int64_t sooner(int64_t a, const struct cert *c) { return c->not_after.ok && (a == 0 || c->not_after.s < a) ? c->not_after.s : a; }

static double seconds_of(const struct trial *t) { return (double)(loop_now() - t->begun) / (double)NS_PER_S; }

static struct sample sample_of(const struct trial *t, const struct handshake *h, const struct finding *f)
{
    struct sample s = { .cause = f->cause, .side = blame_name(f->side), .success = finding_result(h, f) == RESULT_SUCCESS };
    char          buf[NAME_MAX_LEN];
    snprintf(s.target, sizeof s.target, "%s", t->target.text);
    s.seconds = seconds_of(t);
    if (knows(h, KNOW_SERVER_HELLO)) {
        snprintf(s.version, sizeof s.version, "%s", version_name(handshake_version(h), buf));
        snprintf(s.cipher, sizeof s.cipher, "%s", suite_name(h->answer.suite, buf));
    }
    for (size_t i = 0; i < h->cert_count; i++)
        s.earliest = sooner(s.earliest, h->certs[i]);
    for (size_t i = 0; h->chain != NULL && h->chain->verdict == CHAIN_OK && i < h->chain->path_len; i++)
        s.chain = sooner(s.chain, h->chain->path[i].cert);
    return s;
}

/* ------------------------------------------------------------------------------------ Nagios */

/* Whole days, rounded down. */
static int64_t days(int64_t seconds) { return seconds / 86400 - (seconds % 86400 < 0); }

static int64_t now_of(const struct probe_options *o) { return (o->at_given ? o->at_ns / NS_PER_S : (int64_t)time(NULL)); }

static void nagios_line(struct monitor *m, const struct sample *s, const struct handshake *h, const struct finding *f)
{
    int64_t left = s->earliest != 0 ? s->earliest - now_of(m->o) : 0, warn = m->o->expiry_ns / NS_PER_S;
    bool    expected = m->o->expect != NULL && strcmp(m->o->expect, f->cause) == 0, soon = s->earliest != 0 && left < warn;
    bool    good = m->o->expect != NULL ? expected : s->success, failed = m->o->expect != NULL ? !expected : finding_counts(h, f);
    m->state = failed ? PLUGIN_CRITICAL : !good ? PLUGIN_UNKNOWN : s->success && soon ? PLUGIN_WARNING : PLUGIN_OK;
    text_clear(&m->line);
    text_printf(&m->line, "%s", s->target);
    if (!s->success)
        text_printf(&m->line, ": %s (%s): %s", f->cause, sure_name(f->sure), f->why);
    else
        text_printf(&m->line, ": %s, %s", s->version, s->cipher);
    if (s->success && s->earliest != 0)
        text_printf(&m->line, ", the certificate%s end%s in %" PRId64 " days", h->cert_count > 1 ? "s" : "", h->cert_count > 1 ? "" : "s", days(left));
    for (size_t i = 0; i < m->line.n; i++) /* what is behind a bar is taken for figures */
        m->line.s[i] = m->line.s[i] == '|' ? '/' : m->line.s[i] == '\n' ? ' ' : m->line.s[i];
    text_printf(&m->line, " | time=%.6fs;;;0;%.6f", s->seconds, (double)m->o->timeout_ns / (double)NS_PER_S);
    if (s->earliest != 0)
        text_printf(&m->line, " days_left=%" PRId64 ";%" PRId64 ":;0:", days(left), warn / 86400);
}

/* ------------------------------------------------------------------------------------ Prometheus */

/* A label's value: backslash, quote and line feed are escaped; everything else outside ASCII was escaped before. */
static void label(struct text *t, const char *name, const char *value)
{
    text_printf(t, "%s=\"", name);
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"')
            text_char(t, '\\');
        text_char(t, *value);
    }
    text_char(t, '"');
}

struct metric {
    const char *name, *help;
    bool (*put)(struct text *t, const struct sample *s); /* more labels, if any, and the value; false: the target has none */
};

static bool put_success(struct text *t, const struct sample *s) { return text_printf(t, "} %d", s->success), true; }
static bool put_seconds(struct text *t, const struct sample *s) { return text_printf(t, "} %.6f", s->seconds), true; }

static bool put_moment(struct text *t, int64_t moment)
{
    text_printf(t, "} %" PRId64, moment);
    return moment != 0;
}

static bool put_earliest(struct text *t, const struct sample *s) { return put_moment(t, s->earliest); }
static bool put_chain(struct text *t, const struct sample *s) { return put_moment(t, s->chain); }

static bool put_fact(struct text *t, const char *name, const char *value)
{
    text_char(t, ',');
    label(t, name, value);
    text_add(t, "} 1");
    return value[0] != '\0';
}

static bool put_version(struct text *t, const struct sample *s) { return put_fact(t, "version", s->version); }
static bool put_cipher(struct text *t, const struct sample *s) { return put_fact(t, "cipher", s->cipher); }

static bool put_verdict(struct text *t, const struct sample *s)
{
    text_char(t, ',');
    label(t, "code", s->cause != NULL ? s->cause : "");
    return put_fact(t, "side", s->side != NULL ? s->side : "none") && s->cause != NULL;
}

static const struct metric metrics[] = {
    { "probe_success", "Displays whether or not the probe was a success", put_success },
    { "probe_duration_seconds", "Returns how long the probe took to complete in seconds", put_seconds },
    { "probe_ssl_earliest_cert_expiry", "Returns earliest SSL cert expiry in unixtime", put_earliest },
    { "probe_ssl_last_chain_expiry_timestamp_seconds", "Returns last SSL chain expiry in timestamp", put_chain },
    { "probe_tls_version_info", "Returns the TLS version used or NaN when unknown", put_version },
    { "probe_tls_cipher_info", "Returns the TLS cipher negotiated during handshake", put_cipher },
    { "tlswhy_verdict_info", "The cause that tlswhy found (ok: none), and whose it is", put_verdict },
};

/* The last sample of each target, in the order of their names: a series may be there once. */
static int by_target(const void *a, const void *b)
{
    const struct sample *x = a, *y = b;
    int                  order = strcmp(x->target, y->target);
    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static void metrics_text(struct monitor *m, struct text *t)
{
    struct text one = { 0 };
    if (m->n > 1)
        qsort(m->v, m->n, sizeof *m->v, by_target);
    for (size_t k = 0; k < ARRAY_LEN(metrics); k++) {
        text_printf(t, "# HELP %s %s\n# TYPE %s gauge\n", metrics[k].name, metrics[k].help, metrics[k].name);
        for (size_t i = 0; i < m->n; i++) {
            if (i + 1 < m->n && strcmp(m->v[i].target, m->v[i + 1].target) == 0)
                continue;
            text_clear(&one);
            text_printf(&one, "%s{", metrics[k].name);
            label(&one, "target", m->v[i].target);
            if (metrics[k].put(&one, &m->v[i]))
                text_printf(t, "%s\n", one.s);
        }
    }
    text_free(&one);
}

/* Written beside it and renamed: the collector never sees half a file. */
static bool write_file(const char *path, const struct text *t)
{
    struct text temp = { 0 };
    text_printf(&temp, "%s.%ld", path, (long)getpid());
    int  fd = open(temp.s, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    bool whole = fd >= 0;
    for (size_t at = 0; whole && at < t->n;) {
        ssize_t n = write(fd, t->s + at, t->n - at);
        whole = n > 0 || (n < 0 && errno == EINTR);
        at += n > 0 ? (size_t)n : 0;
    }
    int reason = errno;
    if (fd >= 0 && close(fd) != 0 && whole) {
        whole = false;
        reason = errno;
    }
    if (whole && rename(temp.s, path) != 0) {
        whole = false;
        reason = errno;
    }
    if (!whole) {
        trouble("--prom: cannot write %s: %s", path, strerror(reason));
        if (fd >= 0)
            unlink(temp.s);
    }
    text_free(&temp);
    return whole;
}

/* ------------------------------------------------------------------------------------ both */

static void keep(struct monitor *m, const struct sample *s)
{
    if (m->o->prom == NULL || s->target[0] == '\0')
        return;
    if (m->n == m->cap) {
        m->cap = m->cap != 0 ? 2 * m->cap : 16;
        m->v = mem_grow(m->v, m->cap, sizeof *m->v);
    }
    m->v[m->n] = *s;
    m->v[m->n].order = m->n;
    m->n++;
}

void monitor_take(struct monitor *m, const struct trial *t, const struct handshake *h, const struct finding *f)
{
    struct sample s = sample_of(t, h, f);
    if (m->o->nagios)
        nagios_line(m, &s, h, f);
    keep(m, &s);
}

void monitor_trouble(struct monitor *m, const struct trial *t, const char *sentence)
{
    struct sample s = { .seconds = seconds_of(t) };
    snprintf(s.target, sizeof s.target, "%s", t->target.text);
    m->state = PLUGIN_UNKNOWN;
    text_clear(&m->line);
    text_add(&m->line, sentence);
    keep(m, &s);
}

int monitor_end(struct monitor *m, int status, struct text *out)
{
    static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
    struct text file = { 0 };
    if (m->o->prom != NULL) {
        metrics_text(m, &file);
        if (!write_file(m->o->prom, &file)) {
            status = EXIT_TROUBLE;
            m->state = PLUGIN_UNKNOWN;
        }
        text_free(&file);
    }
    if (!m->o->nagios)
        return status;
    text_printf(out, "TLS %s - %s\n", words[m->state], m->line.n != 0 ? m->line.s : "nothing was probed");
    return m->state;
}
