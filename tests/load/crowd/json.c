/* Just enough JSON: objects and arrays are walked in place, what is not asked for is skipped. */
#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void skip_space(Json *json) {
    while (json->at < json->end && (*json->at == ' ' || *json->at == '\n' || *json->at == '\t' || *json->at == '\r'))
        json->at++;
}

bool json_enter(Json *json, char open) {
    skip_space(json);
    if (json->at >= json->end || *json->at != open) return false;
    json->at++;
    return true;
}

/* Whether one more follows; steps over the comma, and over the end. */
bool json_more(Json *json, char close) {
    skip_space(json);
    if (json->at < json->end && *json->at == ',') json->at++, skip_space(json);
    if (json->at >= json->end) return false;
    if (*json->at != close) return true;
    json->at++;
    return false;
}

/* As it is written: escapes stay escapes. */
Slice json_string(Json *json) {
    skip_space(json);
    Slice found = {"", 0};
    if (json->at >= json->end || *json->at != '"') {
        json_skip(json);
        return found;
    }
    const char *start = ++json->at;
    while (json->at < json->end && *json->at != '"') json->at += *json->at == '\\' ? 2 : 1;
    if (json->at > json->end) json->at = json->end;
    found = (Slice){start, (size_t)(json->at - start)};
    if (json->at < json->end) json->at++;
    return found;
}

Slice json_key(Json *json) {
    Slice key = json_string(json);
    skip_space(json);
    if (json->at < json->end && *json->at == ':') json->at++;
    return key;
}

double json_number(Json *json) {
    skip_space(json);
    char *end;
    if (json->at >= json->end || (*json->at != '-' && (*json->at < '0' || *json->at > '9'))) {
        json_skip(json);
        return 0;
    }
    double value = strtod(json->at, &end); /* Every text here ends with a 0 or a bracket. */
    json->at = end;
    return value;
}

void json_skip(Json *json) {
    int depth = 0;
    skip_space(json);
    while (json->at < json->end) {
        char c = *json->at;
        if (c == '"') {
            json_string(json);
        } else if (c == '{' || c == '[') {
            depth++, json->at++;
        } else if (c == '}' || c == ']') {
            if (depth == 0) return;
            depth--, json->at++;
        } else if (c == ',' && depth == 0) {
            return;
        } else {
            json->at++;
            continue;
        }
        if (depth == 0) return;
    }
}

bool is(Slice slice, const char *word) { return slice.length == strlen(word) && !memcmp(slice.at, word, slice.length); }

void print_json(Slice text) {
    putchar('"');
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 32)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}
