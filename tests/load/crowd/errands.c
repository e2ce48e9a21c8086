/* Joining, being cut and coming back, and one change that all are to hear of. */
#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- join and cut */
static struct {
    Group *group;
    uint32_t first, end, next, parallel;
    uint64_t bytes;
    double began, ended, looked, *seconds;
    uint32_t done, failed, behind;
} joining;

static bool turn_joining(double at) {
    uint32_t under_way = 0;
    if (at < joining.looked + 0.004) return false; /* To look at ten thousand costs a tenth of a millisecond. */
    joining.looked = at;
    joining.done = joining.failed = joining.behind = 0;
    for (uint32_t i = joining.first; i < joining.next; i++) {
        Device *device = &devices[i];
        if (device->phase == IN && !device->catching && device->live <= device->mine)
            joining.done++;
        else if (device->phase == AWAY)
            joining.failed++;
        else if (device->phase == IN)
            joining.behind++;
        else
            under_way++;
    }
    while (joining.next < joining.end && under_way < joining.parallel) {
        under_way += start_joining(&devices[joining.next]);
        joining.next++;
    }
    joining.ended = at;
    return joining.done + joining.failed == joining.end - joining.first;
}

static void report_joining(void) {
    uint32_t count = 0;
    for (uint32_t i = joining.first; i < joining.end; i++)
        if (devices[i].phase == IN) joining.seconds[count++] = devices[i].joined - devices[i].began;
    double seconds = joining.ended - joining.began;
    printf("{\"joined\":%u,\"failed\":%u,\"late\":%u,\"seconds\":%.6f,\"per_second\":%.1f,\"bytes\":%.0f", joining.done, joining.failed,
        joining.end - joining.first - joining.done - joining.failed, seconds, joining.done / seconds,
        joining.done ? (double)(joining.group->bytes - joining.bytes) / joining.done : 0);
    print_times("times", times_of(joining.seconds, count));
    printf(",\"fault\":");
    print_json((Slice){joining.group->fault, strlen(joining.group->fault)});
    printf("}\n");
}

Errand begin_join(const char *line, bool is_cut) {
    Group *group = group_named(word(line, "group", ""));
    if (!group) return (Errand){0};
    uint32_t wanted = (uint32_t)number_of(line, "n", 0);
    free(joining.seconds);
    memset(&joining, 0, sizeof joining);
    joining.group = group;
    if (is_cut) {
        joining.first = group->start;
        for (uint32_t i = 0; i < group->count; i++) close_device(&devices[group->start + i], false);
    } else {
        joining.first = device_count;
        while (wanted--)
            if (!add_device(group)) return (Errand){0};
    }
    joining.end = group->start + group->count;
    joining.next = joining.first;
    joining.parallel = (uint32_t)number_of(line, "parallel", 256);
    joining.seconds = calloc(group->count + 1, sizeof(double));
    joining.bytes = group->bytes;
    joining.began = now();
    return (Errand){turn_joining, report_joining, now() + number_of(line, "seconds", 60)};
}

/* ---- call */
static struct {
    Group *watched;
    uint32_t deed, wanted;
} calling;

static uint32_t present(Group *group) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < group->count; i++) count += devices[group->start + i].phase == IN && !devices[group->start + i].stalled;
    return count;
}

static bool turn_calling(double at) {
    Slice answer;
    (void)at;
    bool is_acked = !calling.deed || deed_ack(calling.deed, &answer) >= 0;
    return is_acked && (!calling.watched || calling.watched->heard_count >= calling.wanted);
}

static void report_calling(void) {
    Slice answer = {"null", 4};
    double seconds = calling.deed ? deed_ack(calling.deed, &answer) : -1;
    printf("{\"ack\":%.*s,\"ack_s\":%.6f", (int)(answer.length ? answer.length : 4), answer.length ? answer.at : "null", seconds);
    if (calling.watched) {
        Group *group = calling.watched;
        double since = group->heard_since;
        printf(",\"wanted\":%u,\"heard\":%u,\"first_s\":%.6f,\"last_s\":%.6f", calling.wanted, group->heard_count,
            group->heard_count ? group->first - since : 0, group->heard_count ? group->last - since : 0);
        print_times("times", times_of(group->heard, group->heard_count));
        group->heard_since = 0;
    }
    printf("}\n");
}

/* One device says something; with `watch`, until every device of that group has heard a patch. */
Errand begin_call(const char *line) {
    Group *group = group_named(word(line, "group", "")), *watched = group_named(word(line, "watch", ""));
    const char *body = strstr(line, " body=");
    if (!group || !group->count || devices[group->start].phase != IN) return (Errand){0};
    calling.watched = watched;
    calling.deed = 0;
    if (watched) {
        calling.wanted = present(watched);
        watched->heard = realloc(watched->heard, (watched->count + 1) * sizeof(double));
        watched->heard_count = 0;
        watched->first = watched->last = 0;
        watched->heard_since = now();
    }
    if (group->plain) /* The loop that only sends is told by one byte. */
        nudge_plain(&devices[group->start]);
    else
        calling.deed = send_deed(&devices[group->start], word(line, "event", "go"), body ? body + 6 : "{}", 'c', 0);
    return (Errand){turn_calling, report_calling, now() + number_of(line, "seconds", 30)};
}
