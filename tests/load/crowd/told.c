/* Reads patches and pulses. The same bytes go to thousands of devices, so the last few are remembered as read. */
#include "crowd.h"

#include <stdlib.h>
#include <string.h>

char card_ids[MOST_CARDS][MOST_ID];
uint32_t card_count = 1; /* 0 is none */
static uint32_t slots[MOST_CARDS * 2];

static uint64_t hash_of(const char *text, size_t length) { /* FNV-1a; phones.py does the same */
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return hash;
}

/* The place of a question in our tables; 0 when they are full. */
uint32_t card_of(Slice id) {
    if (id.length == 0 || id.length >= MOST_ID) return 0;
    for (uint64_t slot = hash_of(id.at, id.length);; slot++) {
        uint32_t *found = &slots[slot % (MOST_CARDS * 2)];
        if (*found == 0) {
            if (card_count == MOST_CARDS) return 0;
            memcpy(card_ids[card_count], id.at, id.length);
            return *found = card_count++;
        }
        if (strlen(card_ids[*found]) == id.length && !memcmp(card_ids[*found], id.at, id.length)) return *found;
    }
}

/* The sum of these over a board does not depend on the order in which its cards came. */
uint64_t mixed(uint32_t card, uint32_t number) {
    char text[MOST_ID + 8];
    size_t length = strlen(card_ids[card]);
    memcpy(text, card_ids[card], length);
    for (int i = 0; i < 4; i++) text[length++] = (char)(number >> (8 * i));
    uint64_t hash = hash_of(text, length);
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
    return hash ^ (hash >> 31);
}

static Shown *one_more(Shown **list, size_t *count) {
    if ((*count & (*count - 1)) == 0) *list = realloc(*list, (*count ? *count * 2 : 1) * sizeof(Shown));
    return &(*list)[(*count)++];
}

static void read_cards(Json *json, Told *told) {
    if (!json_enter(json, '[')) return;
    while (json_more(json, ']')) {
        Shown card = {0, 0};
        bool is_gone = false;
        if (!json_enter(json, '{')) return;
        while (json_more(json, '}')) {
            Slice key = json_key(json);
            if (is(key, "id"))
                card.card = card_of(json_string(json));
            else if (is(key, "rev"))
                card.rev = (uint32_t)json_number(json);
            else if (is(key, "gone"))
                is_gone = true, json_skip(json);
            else
                json_skip(json);
        }
        if (is_gone) card.rev = 0;
        if (card.card) *one_more(&told->cards, &told->card_count) = card;
    }
}

static void read_tallies(Json *json, Told *told) {
    if (!json_enter(json, '{')) return;
    while (json_more(json, '}')) {
        Shown tally = {card_of(json_key(json)), 0};
        tally.rev = (uint32_t)json_number(json);
        if (tally.card) *one_more(&told->tallies, &told->tally_count) = tally;
    }
}

static void read_fields(Json *json, Told *told) {
    bool has_tallies = false, has_here = false;
    if (!json_enter(json, '{')) return;
    while (json_more(json, '}')) {
        Slice key = json_key(json);
        if (is(key, "epoch"))
            told->epoch = (long)json_number(json);
        else if (is(key, "from"))
            told->from = (long)json_number(json);
        else if (is(key, "to"))
            told->to = (long)json_number(json);
        else if (is(key, "head"))
            told->head = (long)json_number(json);
        else if (is(key, "here"))
            has_here = true, json_skip(json);
        else if (is(key, "cards"))
            read_cards(json, told);
        else if (is(key, "tallies"))
            has_tallies = true, read_tallies(json, told);
        else
            json_skip(json);
    }
    told->welcomes = told->kind == PULSE && has_tallies && has_here;
}

static void clear(Told *told) {
    free(told->cards);
    free(told->tallies);
    *told = (Told){.kind = OTHER, .head = -1};
}

const Told *read_event(const char *text, size_t length) {
    static struct {
        char *text;
        size_t length;
        Told told;
    } known[4];
    static unsigned next;
    for (unsigned i = 0; i < 4; i++)
        if (known[i].length == length && known[i].text && !memcmp(known[i].text, text, length)) return &known[i].told;
    unsigned at = next++ % 4;
    Told *told = &known[at].told;
    known[at].text = realloc(known[at].text, length + 1);
    memcpy(known[at].text, text, length);
    known[at].text[length] = 0;
    known[at].length = length;
    clear(told);
    Json json = {known[at].text, known[at].text + length};
    if (!json_enter(&json, '[')) return told;
    Slice name = json_string(&json);
    told->kind = is(name, "patch") ? PATCH : is(name, "pulse") ? PULSE : OTHER;
    if (told->kind != OTHER && json_more(&json, ']')) read_fields(&json, told);
    return told;
}

const Told *read_board(const char *text, size_t length) {
    static Told told;
    clear(&told);
    told.kind = PATCH;
    Json json = {text, text + length};
    read_fields(&json, &told);
    return &told;
}
