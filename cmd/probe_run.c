/* probe_run.c - all targets of a run, --jobs of them under way at a time in one loop. */
#include "probe_parts.h"

#include "tlswhy/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { AGE_BYTES = 32 * 1024 * 1024, SPARE_FILES = 64 };

/* ------------------------------------------------------------------------------------ what is written meanwhile */

static void wipe_line(struct run *run)
{
    if (run->line)
        fputs("\r\033[K", stderr);
    run->line = false;
}

static void show_line(void *ctx, unsigned what)
{
    enum { A_SECOND = 4 };
    struct run *run = ctx;
    int64_t     now = loop_now();
    (void)what;
    fprintf(stderr, "\r%zu of %zu%s done, %llu failed; %lld s\033[K", run->begun - run->under_way, run->begun, run->more ? " or more" : "",
            (unsigned long long)run->sum.failed, (long long)((now - run->since) / NS_PER_S));
    run->line = true;
    loop_due(prober_loop(run->prober), &run->clock, now + NS_PER_S / A_SECOND);
}

/* On a terminal a run of more than a second shows how far it is. */
static void begin_line(struct run *run)
{
    run->since = loop_now();
    run->clock = (struct watch){ .fd = -1, .call = show_line, .ctx = run };
    if (isatty(STDERR_FILENO) && !run->o->nagios)
        loop_due(prober_loop(run->prober), &run->clock, run->since + NS_PER_S);
}

void run_flush(struct run *run)
{
    if (run->out.n == 0)
        return;
    wipe_line(run);
    out_flush(&run->out);
}

void run_trouble(const struct trial *t, const char *fmt, ...)
{
    struct run *run = t->run;
    char    sentence[640];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    run_flush(run);
    wipe_line(run);
    run->trouble = true;
    if (run->monitor != NULL)
        monitor_trouble(run->monitor, t, sentence);
    if (!run->o->nagios)
        trouble("%s", sentence);
}

/* ------------------------------------------------------------------------------------ ages */

static void age_leave(struct age *a)
{
    if (a == NULL || --a->users > 0)
        return;
    anchors_free(&a->anchors);
    cert_store_free(a->store);
    free(a);
}

/* NULL: trouble was said. */
static struct age *age_new(const struct probe_options *o)
{
    struct age *a = mem_get(1, sizeof *a);
    struct err  err = { 0 };
    a->users = 1;
    a->store = cert_store_new();
    a->anchors_there = anchors_load(o->ca, a->store, &a->anchors, &err);
    a->anchors.clients_own = true; /* we are the client */
    a->bytes = cert_store_bytes(a->store);
    if (a->anchors_there || o->ca == NULL)
        return a;
    trouble("%s", err.text);
    age_leave(a);
    return NULL;
}

static void renew_age(struct run *run)
{
    if (cert_store_bytes(run->age->store) - run->age->bytes < AGE_BYTES)
        return;
    struct age *next = age_new(run->o);
    if (next == NULL) /* --ca went away meanwhile: what is loaded still serves */
        return;
    prober_certs(run->prober, next->store);
    age_leave(run->age);
    run->age = next;
}

/* ------------------------------------------------------------------------------------ trials */

static void trial_end(struct trial *t)
{
    struct run *run = t->run;
    for (size_t i = 0; i < t->n; i++)
        handshake_free(t->made[i]);
    free(t->made);
    free(t->addresses);
    free(t->direct_addresses);
    peers_free(t->peers);
    arena_free(&t->arena);
    tunnel_way_wipe(&t->way);
    age_leave(t->age);
    free(t);
    run->under_way--;
}

static void resolved(void *ctx, struct address *list, size_t n, const struct err *err)
{
    struct trial *t = ctx;
    t->addresses = list;
    t->address_n = n;
    if (n == 0 && t->through) {
        run_trouble(t, "the proxy: %s; check the name, or write the address", err->text);
        trial_end(t);
    } else if (n == 0) {
        run_trouble(t, "%s%s", err->text, t->target.is_ip ? "" : "; check the name, or write the address");
        trial_end(t);
    } else if (t->run->o->clients) {
        t->run->waiting = t;
    } else {
        trial_begin(t);
    }
}

static void looked_up(void *ctx, struct address *list, size_t n, const struct err *err)
{
    struct trial *t = ctx;
    if (n == 0)
        t->direct_trouble = arena_str(&t->arena, err->text);
    if (!ask_directly(t, list, n) && trial_settle(t))
        trial_end(t);
}

void run_look_up(struct trial *t)
{
    resolve(t->run->resolver, t->target.host, t->target.port, t->run->o->family, t->run->o->timeout_ns, looked_up, t);
}

static void begin(struct run *run, const char *where, const char *text)
{
    struct trial *t = mem_get(1, sizeof *t);
    run->begun++;
    run->under_way++;
    t->run = run;
    t->age = run->age;
    t->age->users++;
    t->begun = loop_now();
    if (!parse_target(run->o, where, text, &t->target)) {
        run->trouble = true;
        trial_end(t);
        return;
    }
    t->typed = arena_str(&t->arena, text);
    t->peers = peers_new();
    const struct tunnel_way *way = proxy_for(&run->o->proxy, t->target.host);
    t->through = way != NULL;
    t->way = way != NULL ? *way : t->way;
    resolve(run->resolver, way != NULL ? way->host : t->target.host, way != NULL ? way->port : t->target.port, run->o->family, run->o->timeout_ns,
            resolved, t);
}

static void take(const struct probe_done *done)
{
    struct trial *t = done->ask->ctx;
    if (done->trouble != 0) {
        handshake_free(done->h);
        run_trouble(t, "%s was not asked: %s; fewer --jobs may help", t->target.text, strerror(done->trouble));
        trial_end(t);
    } else if (trial_take(t, done)) {
        if (t->run->o->sweep)
            t->run->waiting = t;
        else
            trial_end(t);
    }
}

static void run_targets(struct run *run, struct source *source)
{
    bool              alone = run->o->clients || run->o->sweep;
    size_t            jobs = alone ? 1 : run->o->jobs;
    char              text[TARGET_LINE];
    const char       *where = "";
    struct probe_done done;
    enum source_says  says = SOURCE_TARGET;
    do {
        while (run->under_way < jobs && says != SOURCE_END && (says = source_next(source, text, &where)) == SOURCE_TARGET) {
            renew_age(run);
            begin(run, where, text);
        }
        run->more = says != SOURCE_END;
        if (run->waiting != NULL) { /* all at once, and nothing else beside it */
            struct trial *t = run->waiting;
            run->waiting = NULL;
            if (run->o->sweep)
                sweep_target(t);
            else
                ask_as_all(t);
            trial_end(t);
        } else if (run->under_way > 0 || says == SOURCE_WAIT) {
            probe_step(run->prober, INT64_MAX);
        }
        while (probe_collect(run->prober, &done))
            take(&done);
        run_flush(run);
    } while (run->under_way > 0 || says != SOURCE_END);
}

/* ------------------------------------------------------------------------------------ the run */

/* Each connection is an open file. False: trouble was said. */
static bool enough_files(size_t jobs)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return true;
    rlim_t need = jobs + SPARE_FILES;
    if (limit.rlim_cur < need && limit.rlim_cur != RLIM_INFINITY) {
        limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > need ? need : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= need || limit.rlim_cur == RLIM_INFINITY)
        return true;
    return trouble("--jobs %zu needs %zu open files, and this system allows %llu; raise the limit (ulimit -Hn) or take --jobs %llu", jobs, (size_t)need,
                   (unsigned long long)limit.rlim_cur, (unsigned long long)(limit.rlim_cur > SPARE_FILES ? limit.rlim_cur - SPARE_FILES : 1)) == EXIT_NONE_FOUND;
}

/* The sums of many targets. */
static void sum_of_all(struct run *run)
{
    struct summary *s = &run->sum;
    s->complete = !run->trouble;
    s->incomplete = run->trouble ? "not every target could be probed" : NULL;
    if (run->o->renderer == &json_renderer)
        run->o->renderer->summary(&run->out, &run->o->report, s, NULL);
    else if (run->o->sweep)
        text_printf(&run->out, "%zu target%s: %llu swept, %llu of them with causes to fail, %llu not swept.\n", run->begun, run->begun == 1 ? "" : "s",
                    (unsigned long long)s->handshakes, (unsigned long long)s->failed, (unsigned long long)(run->begun - s->handshakes));
    else
        text_printf(&run->out, "%zu target%s: %llu in order, %llu failed, %llu unclear, %llu not probed.\n", run->begun, run->begun == 1 ? "" : "s",
                    (unsigned long long)s->completed, (unsigned long long)s->failed, (unsigned long long)s->unknown,
                    (unsigned long long)(run->begun - s->handshakes));
}

/* The page of --html. False: trouble was said. */
static bool write_page(struct run *run, const char *first)
{
    struct text page = { 0 };
    struct err  err = { 0 };
    char        title[320];
    if (run->begun > 1)
        snprintf(title, sizeof title, "%zu servers, asked by tlswhy probe", run->begun);
    else
        snprintf(title, sizeof title, "%.256s, asked by tlswhy probe", first);
    run->sum.complete = !run->trouble;
    html_page(run->page, title, &run->sum, NULL, &page);
    bool whole = save_text(run->o->html, &page, &err) || trouble("--html: %s", err.text) == EXIT_NONE_FOUND;
    text_free(&page);
    return whole;
}

static int status_of(const struct run *run)
{
    if (run->trouble)
        return EXIT_TROUBLE;
    if (run->o->expect != NULL)
        return run->expected ? EXIT_NONE_FOUND : EXIT_FOUND;
    return run->failed ? EXIT_FOUND : EXIT_NONE_FOUND;
}

int probe_run(const struct probe_options *o, int n, char **operands)
{
    struct run     run = { .o = o, .expected = true, .many = source_is_list(n, operands), .sum.complete = true };
    struct err     err = { 0 };
    struct source *source = NULL;
    int            status = NOT_BEGUN;
    if (!enough_files(o->jobs) || (run.age = age_new(o)) == NULL)
        return status;
    run.prober = prober_new(run.age->store);
    run.resolver = run.prober != NULL ? resolver_new(prober_loop(run.prober), &err) : NULL;
    if (run.resolver == NULL) {
        trouble("%s", run.prober != NULL ? err.text : strerror(errno));
        goto done;
    }
    if (o->write != NULL && (run.recording = recording_new(o->write, &err)) == NULL) {
        trouble("--write: %s", err.text);
        goto done;
    }
    prober_record(run.prober, run.recording);
    prober_pause(run.prober, o->pause_ns);
    run.page = o->html != NULL ? html_new() : NULL;
    run.monitor = o->nagios || o->prom != NULL ? monitor_new(o) : NULL;
    source = source_new(prober_loop(run.prober), n, operands);
    begin_line(&run);
    run_targets(&run, source);
    run.trouble = run.trouble || source_failed(source);
    if (source_is_list(n, operands) && !o->clients && !o->nagios)
        sum_of_all(&run);
    if (run.page != NULL && !write_page(&run, operands[0]))
        run.trouble = true;
    status = status_of(&run);
    if (run.monitor != NULL)
        status = monitor_end(run.monitor, status, &run.out);
    wipe_line(&run);
    run_flush(&run);
    if (run.recording != NULL && !recording_finish(run.recording, &err)) {
        trouble("--write: %s", err.text);
        status = o->nagios ? (int)PLUGIN_UNKNOWN : (int)EXIT_TROUBLE;
    }
done:
    html_free(run.page);
    source_free(source);
    monitor_free(run.monitor);
    resolver_free(run.resolver);
    prober_free(run.prober);
    age_leave(run.age);
    text_free(&run.out);
    return status;
}
