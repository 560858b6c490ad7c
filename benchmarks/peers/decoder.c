/* The job of unflux.read on a packet capture, in C: the limit that the benchmarks divide by.
 *
 * Maps a classic pcap of Ethernet frames, decodes every DNS response on UDP port 53 over IPv4 and
 * IPv6, and rolls it up into the three tables of unflux.model.columns: sightings, lookups and
 * answer sets, in buckets of 300 s. Prints their sizes and sums as one JSON object, which a test
 * compares with what unflux makes of the same capture.
 *
 * The rules are those of unflux/read/message.py and wire_names.py. Left out, because the generated
 * captures have none of it: other link types, VLANs, fragments, tunnels, TCP and the presentation
 * form of names; such packets are counted. Every octet is read within its bounds.
 *
 * What makes it fast: a name is spelt out once a message and known by its place after that; names
 * and data become numbers; rows are one cache line; the slots of a whole message are asked for
 * before the first is looked at.
 *
 *     cc -O3 -march=native -std=gnu11 -o decoder decoder.c && ./decoder traffic.pcap
 */

#include <endian.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

enum {
    DNS_PORT = 53,
    BUCKET_S = 300,
    MAX_NAME = 255,    /* octets of a name, the root's included (RFC 1035 section 2.3.4) */
    MAX_LABEL = 63,
    MAX_POINTERS = 16, /* as unflux and dnspython draw the line */
    MAX_RECORDS = 65535 / 12 + 1, /* the shortest kept record has twelve octets */
    MAX_PLACES = 64,   /* names remembered by their place in a message */
    HUGE_BYTES = 2 << 20,
};
enum { A = 1, NS = 2, CNAME = 5, SOA = 6, AAAA = 28, OPT = 41, IN = 1, ANY = 255 };
enum { ANSWER, AUTHORITY, ADDITIONAL };

static const u32 NO_BUCKET = UINT32_MAX; /* of responses without a plausible time */
static const u64 LATEST_S = 4102444800;  /* 2100-01-01, as unflux.model.times */

/* Return memory for a table, on large pages where it is large, for it is read at random; end the
 * program where there is none. */
static void *room(size_t bytes)
{
    size_t unit = bytes < HUGE_BYTES ? 64 : HUGE_BYTES;
    bytes = (bytes + unit - 1) / unit * unit;
    void *memory = aligned_alloc(unit, bytes);
    if (!memory) {
        fputs("decoder: out of memory\n", stderr);
        exit(1);
    }
    if (unit == HUGE_BYTES)
        madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}

/* Move what a table holds to where there is more room. */
static void *moved(void *memory, size_t used, size_t bytes)
{
    void *more = room(bytes);
    if (memory)
        memcpy(more, memory, used);
    free(memory);
    return more;
}

static inline u16 big16(const u8 *at)
{
    u16 value;
    memcpy(&value, at, sizeof value);
    return be16toh(value);
}

static inline u32 big32(const u8 *at)
{
    u32 value;
    memcpy(&value, at, sizeof value);
    return be32toh(value);
}

static inline u64 big64(const u8 *at)
{
    return (u64)big32(at) << 32 | big32(at + 4);
}

/* --- hashing ------------------------------------------------------------------------------ */

static inline u64 fold(u64 a, u64 b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (u64)product ^ (u64)(product >> 64);
}

static inline u64 hash_octets(const u8 *octets, u32 size)
{
    u64 hash = size ^ 0x9E3779B97F4A7C15u, word = 0;
    if (size < 8) {
        memcpy(&word, octets, size);
    } else {
        for (u32 at = 0; at < size - 8; at += 8) {
            memcpy(&word, octets + at, 8);
            hash = fold(hash ^ word, 0xA0761D6478BD642Fu);
        }
        memcpy(&word, octets + size - 8, 8);
    }
    return fold(hash ^ word, 0xE7037ED1A0B428DBu);
}

static inline u64 splitmix(u64 value) /* as unflux/read/answer_set.py */
{
    value += 0x9E3779B97F4A7C15u;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

/* --- tables: rows in the order of their coming, found through an index of slots ------------- */

typedef struct {
    u64 *slots; /* 32 bits of the hash above, number of a row plus one below; 0 is empty */
    u32 mask;
    u32 count;
} Index;

static void start_index(Index *index, size_t slots)
{
    index->slots = room(slots * sizeof *index->slots);
    memset(index->slots, 0, slots * sizeof *index->slots);
    index->mask = slots - 1;
    index->count = 0;
}

static inline void ask_for(const Index *index, u64 hash)
{
    __builtin_prefetch(&index->slots[(u32)hash & index->mask]);
}

static void put_slot(Index *index, u64 slot)
{
    index->count++;
    u32 at = (u32)(slot >> 32) & index->mask;
    while (index->slots[at])
        at = (at + 1) & index->mask;
    index->slots[at] = slot;
}

static void add_to(Index *index, u64 hash, u32 number)
{
    if (index->count >= (index->mask >> 2) * 2) { /* half full */
        Index old = *index;
        start_index(index, 2 * (old.mask + 1));
        for (u32 at = 0; at <= old.mask; at++)
            if (old.slots[at])
                put_slot(index, old.slots[at]);
        free(old.slots);
    }
    put_slot(index, (u64)(u32)hash << 32 | (number + 1));
}

/* Walk the rows whose hash is the one asked for. */
#define EACH_MATCH(index, hash, row)                                                    \
    for (u32 at_ = (u32)(hash) & (index)->mask, row; (index)->slots[at_];               \
         at_ = (at_ + 1) & (index)->mask)                                               \
        if ((u32)((index)->slots[at_] >> 32) == (u32)(hash) &&                          \
            ((row) = (u32)(index)->slots[at_] - 1, true))

/* Octets, each string of them kept once and known by a number, its place in units of 8 octets:
 * names, IPv6 addresses, SOA data. A string lies behind the two octets of its size. */
typedef struct {
    Index index;
    u8 *octets;
    u64 used, capacity;
} Strings;

static void start_strings(Strings *strings)
{
    start_index(&strings->index, 1 << 12);
    strings->used = 0;
    strings->capacity = 1 << 16;
    strings->octets = room(strings->capacity);
}

static u32 intern(Strings *strings, const u8 *octets, u32 size)
{
    u64 hash = hash_octets(octets, size);
    EACH_MATCH (&strings->index, hash, number) {
        const u8 *kept = strings->octets + 8ull * number;
        u16 kept_size;
        memcpy(&kept_size, kept, 2);
        if (kept_size == size && !memcmp(kept + 2, octets, size))
            return number;
    }
    u64 start = strings->used;
    strings->used = (start + 2 + size + 7) & ~7ull;
    if (strings->used > strings->capacity)
        strings->octets = moved(strings->octets, start, strings->capacity *= 2);
    memcpy(strings->octets + start, &(u16){size}, 2);
    memcpy(strings->octets + start + 2, octets, size);
    add_to(&strings->index, hash, start / 8);
    return start / 8;
}

typedef struct {
    u32 bucket, query, owner, rdata;
    u16 rrtype, section;
    u32 count, ttl_min_s, ttl_max_s;
    u32 last_response; /* a record that occurs twice in one response counts once */
    u64 first_us, last_us;
} __attribute__((aligned(64))) Sighting;

typedef struct {
    u32 bucket, query;
    u16 qtype;
    u32 responses, noerror, nxdomain, servfail, other_rcode, answered, answers_max;
    u64 answers_sum, first_us, last_us;
} __attribute__((aligned(64))) Lookup;

typedef struct {
    u32 bucket, query;
    u16 qtype;
    u64 answer_set;
    u32 responses, addresses, slash24s, slash16s;
    u64 first_us, last_us;
} __attribute__((aligned(64))) AnswerSet;

static Strings names, ipv6_addresses, soas;
static Index sighting_index, lookup_index, set_index;
static Sighting *sightings;
static Lookup *lookups;
static AnswerSet *answer_sets;

/* Return the rows of a table with room for one more; they double at powers of two. */
static void *with_room(void *rows, size_t count, size_t row_bytes)
{
    if (count & (count - 1) || (count && count < 1024))
        return rows;
    return moved(rows, count * row_bytes, (count ? 2 * count : 1024) * row_bytes);
}

static struct {
    u64 packets, other_packets, queries, refused, damaged, other_class, responses;
} counts;

/* --- names ---------------------------------------------------------------------------------- */

typedef struct {
    const u8 *wire;
    u32 size;
    u32 place_count;
    struct {
        u16 at, end; /* where its octets begin, and end up to its own pointer or root */
        u8 pointers;
        u32 name;
    } places[MAX_PLACES];
} Message;

static inline void remember(Message *message, u32 at, u32 end, u32 pointers, u32 name)
{
    if (message->place_count == MAX_PLACES)
        return;
    u32 place = message->place_count++;
    message->places[place].at = at;
    message->places[place].end = end;
    message->places[place].pointers = pointers;
    message->places[place].name = name;
}

/* Copy a label in lower case, up to seven octets too many. */
static inline void lower_label(u8 *to, const u8 *from, u32 size, const u8 *limit)
{
    u32 done = 0;
    for (; done < size && from + done + 8 <= limit; done += 8) {
        u64 word;
        memcpy(&word, from + done, 8);
        u64 low = word & 0x7F7F7F7F7F7F7F7Fu;
        u64 from_a = low + 0x3F3F3F3F3F3F3F3Fu, past_z = low + 0x2525252525252525u;
        word |= ((from_a & ~past_z & ~word) >> 2) & 0x2020202020202020u;
        memcpy(to + done, &word, 8);
    }
    for (; done < size; done++)
        to[done] = from[done] >= 'A' && from[done] <= 'Z' ? from[done] | 0x20 : from[done];
}

/* Read a name that begins at *at and lies before end; move *at behind it. */
static bool read_name(Message *message, u32 *at, u32 end, u32 *name)
{
    const u8 *wire = message->wire;
    u8 spelt[MAX_NAME + 1 + 8];
    u32 place = *at, first = *at, part = *at, part_end = 0, size = 0, pointers = 0;
    for (;;) {
        if (place >= end)
            return false;
        u32 length = wire[place];
        if (length == 0) {
            spelt[size++] = 0;
            if (!part_end)
                part_end = place + 1;
            break;
        }
        if (length >= 0xC0) {
            if (place + 2 > end || ++pointers > MAX_POINTERS)
                return false;
            u32 target = (length & 0x3F) << 8 | wire[place + 1];
            if (!part_end)
                part_end = place + 2;
            if (target >= part)
                return false;
            if (place == first) /* nothing but a pointer: perhaps to a name already known */
                for (u32 n = 0; n < message->place_count; n++)
                    if (message->places[n].at == target) {
                        if (message->places[n].end > first ||
                            message->places[n].pointers + 1 > MAX_POINTERS)
                            return false;
                        *name = message->places[n].name;
                        *at = part_end;
                        return true;
                    }
            end = part; /* what it leads to ends before the part with the pointer begins */
            part = place = target;
            continue;
        }
        if (length > MAX_LABEL || place + 1 + length > end || size + length + 2 > MAX_NAME)
            return false;
        spelt[size] = length;
        lower_label(spelt + size + 1, wire + place + 1, length, wire + message->size);
        size += 1 + length;
        place += 1 + length;
    }
    *name = intern(&names, spelt, size);
    remember(message, first, part_end, pointers, *name);
    *at = part_end;
    return true;
}

/* --- one message ---------------------------------------------------------------------------- */

typedef struct {
    u64 hash;
    u32 owner, rdata, ttl_s;
    u16 rrtype, section;
} Record;

static Record records[MAX_RECORDS];
static u32 ipv4_answers[MAX_RECORDS];
static u64 ipv6_answers[MAX_RECORDS][2];

/* Return the number that stands for the data of a kept type; false where it is malformed. */
static bool read_rdata(Message *message, u32 rrtype, u32 at, u32 end, u32 *rdata)
{
    if (rrtype == A) {
        if (end - at != 4)
            return false;
        *rdata = big32(message->wire + at);
        return true;
    }
    if (rrtype == AAAA) {
        if (end - at != 16)
            return false;
        *rdata = intern(&ipv6_addresses, message->wire + at, 16);
        return true;
    }
    if (!read_name(message, &at, end, rdata))
        return false;
    if (rrtype == SOA) {
        u32 parts[7] = {*rdata};
        if (!read_name(message, &at, end, &parts[1]) || end - at < 20)
            return false;
        memcpy(parts + 2, message->wire + at, 20);
        at += 20;
        *rdata = intern(&soas, (const u8 *)parts, sizeof parts);
    }
    return at == end;
}

typedef struct {
    u32 record_count, ipv4_count, ipv6_count, rcode;
} Body;

static void read_records(Message *message, u32 at, u32 bucket, u32 query, Body *body)
{
    const u8 *wire = message->wire;
    u64 context = fold((u64)bucket << 32 | query, 0x8EBC6AF09C88C6E3u);
    bool is_damaged = false;
    for (u32 section = ANSWER; section <= ADDITIONAL; section++) {
        for (u32 left = big16(wire + 6 + 2 * section); left; left--) {
            u32 owner, rdata;
            if (!read_name(message, &at, message->size, &owner) || at + 10 > message->size)
                goto cut_short;
            u32 rrtype = big16(wire + at), rrclass = big16(wire + at + 2);
            u32 ttl_s = big32(wire + at + 4), start = at + 10;
            at = start + big16(wire + at + 8);
            if (at > message->size)
                goto cut_short;
            if (rrtype == OPT && section == ADDITIONAL)
                body->rcode = (ttl_s >> 24) << 4 | (wire[3] & 0x0F);
            if (rrtype != A && rrtype != NS && rrtype != CNAME && rrtype != SOA && rrtype != AAAA)
                continue;
            if (rrclass != IN) {
                counts.other_class++;
                continue;
            }
            if (!read_rdata(message, rrtype, start, at, &rdata)) {
                is_damaged = true;
                continue;
            }
            Record *record = &records[body->record_count++];
            record->owner = owner;
            record->rdata = rdata;
            record->ttl_s = ttl_s > INT32_MAX ? 0 : ttl_s; /* RFC 2181 section 8 */
            record->rrtype = rrtype;
            record->section = section;
            u64 kind = (u64)rrtype << 8 | section;
            record->hash = fold(context ^ ((u64)owner << 32 | rdata), 0x589965CC75374CC3u ^ kind);
            ask_for(&sighting_index, record->hash);
            if (section == ANSWER && rrtype == A) {
                ipv4_answers[body->ipv4_count++] = rdata;
            } else if (section == ANSWER && rrtype == AAAA) {
                ipv6_answers[body->ipv6_count][0] = big64(wire + start);
                ipv6_answers[body->ipv6_count++][1] = big64(wire + start + 8);
            }
        }
    }
    counts.damaged += is_damaged;
    return;
cut_short:
    counts.damaged++;
}

static inline void extend(u64 *first_us, u64 *last_us, u64 ts_us)
{
    if (ts_us < *first_us)
        *first_us = ts_us;
    if (ts_us > *last_us)
        *last_us = ts_us;
}

static void count_sighting(const Record *record, u32 bucket, u32 query, u64 ts_us)
{
    u32 response = (u32)counts.responses;
    EACH_MATCH (&sighting_index, record->hash, found) {
        Sighting *row = &sightings[found];
        if (row->query != query || row->owner != record->owner || row->rdata != record->rdata ||
            row->rrtype != record->rrtype || row->section != record->section ||
            row->bucket != bucket)
            continue;
        row->count += row->last_response != response;
        row->last_response = response;
        if (record->ttl_s < row->ttl_min_s)
            row->ttl_min_s = record->ttl_s;
        if (record->ttl_s > row->ttl_max_s)
            row->ttl_max_s = record->ttl_s;
        extend(&row->first_us, &row->last_us, ts_us);
        return;
    }
    u32 next = sighting_index.count;
    sightings = with_room(sightings, next, sizeof *sightings);
    add_to(&sighting_index, record->hash, next);
    sightings[next] = (Sighting){
        .bucket = bucket, .query = query, .owner = record->owner, .rdata = record->rdata,
        .rrtype = record->rrtype, .section = record->section, .count = 1,
        .ttl_min_s = record->ttl_s, .ttl_max_s = record->ttl_s, .last_response = response,
        .first_us = ts_us, .last_us = ts_us,
    };
}

static int by_ipv4(const void *left, const void *right)
{
    u32 a = *(const u32 *)left, b = *(const u32 *)right;
    return (a > b) - (a < b);
}

static int by_ipv6(const void *left, const void *right)
{
    const u64 *a = left, *b = right;
    return a[0] != b[0] ? (a[0] > b[0]) - (a[0] < b[0]) : (a[1] > b[1]) - (a[1] < b[1]);
}

static void sort_ipv4(u32 *addresses, u32 count)
{
    if (count > 32) {
        qsort(addresses, count, sizeof *addresses, by_ipv4);
        return;
    }
    for (u32 n = 1; n < count; n++) {
        u32 address = addresses[n], place = n;
        for (; place && addresses[place - 1] > address; place--)
            addresses[place] = addresses[place - 1];
        addresses[place] = address;
    }
}

/* Make the answer set of the addresses collected; its key and times are the caller's. */
static AnswerSet make_set(const Body *body)
{
    AnswerSet set = {0};
    u64 ipv4 = splitmix(splitmix(4)), ipv6 = splitmix(6); /* of a family, and its upper half 0 */
    sort_ipv4(ipv4_answers, body->ipv4_count);
    for (u32 n = 0; n < body->ipv4_count; n++) {
        u32 address = ipv4_answers[n], changed = n ? address ^ ipv4_answers[n - 1] : UINT32_MAX;
        if (!changed)
            continue;
        set.answer_set += splitmix(address ^ ipv4);
        set.addresses++;
        set.slash24s += changed >> 8 != 0;
        set.slash16s += changed >> 16 != 0;
    }
    if (body->ipv6_count > 1)
        qsort(ipv6_answers, body->ipv6_count, sizeof *ipv6_answers, by_ipv6);
    for (u32 n = 0; n < body->ipv6_count; n++) {
        u64 high = ipv6_answers[n][0], low = ipv6_answers[n][1];
        u64 changed = n ? high ^ ipv6_answers[n - 1][0] : UINT64_MAX;
        if (!changed && low == ipv6_answers[n - 1][1])
            continue;
        set.answer_set += splitmix(low ^ splitmix(high ^ ipv6));
        set.addresses++;
        set.slash24s += changed >> 16 != 0; /* /48 */
        set.slash16s += changed >> 32 != 0; /* /32 */
    }
    return set;
}

static void count_lookup(
    u64 hash, u32 bucket, u32 query, u16 qtype, u32 rcode, u32 addresses, u64 ts_us)
{
    Lookup *row = NULL;
    EACH_MATCH (&lookup_index, hash, found)
        if (lookups[found].query == query && lookups[found].qtype == qtype &&
            lookups[found].bucket == bucket) {
            row = &lookups[found];
            break;
        }
    if (!row) {
        u32 next = lookup_index.count;
        lookups = with_room(lookups, next, sizeof *lookups);
        add_to(&lookup_index, hash, next);
        row = &lookups[next];
        *row = (Lookup){
            .bucket = bucket, .query = query, .qtype = qtype, .first_us = ts_us, .last_us = ts_us,
        };
    }
    row->responses++;
    row->noerror += rcode == 0;
    row->servfail += rcode == 2;
    row->nxdomain += rcode == 3;
    row->other_rcode += rcode != 0 && rcode != 2 && rcode != 3;
    row->answered += addresses != 0;
    row->answers_sum += addresses;
    if (addresses > row->answers_max)
        row->answers_max = addresses;
    extend(&row->first_us, &row->last_us, ts_us);
}

static void count_set(u64 hash, u32 bucket, u32 query, u16 qtype, AnswerSet set, u64 ts_us)
{
    hash = fold(hash ^ set.answer_set, 0x1D8E4E27C47D124Fu);
    EACH_MATCH (&set_index, hash, found) {
        AnswerSet *row = &answer_sets[found];
        if (row->answer_set != set.answer_set || row->query != query || row->qtype != qtype ||
            row->bucket != bucket)
            continue;
        row->responses++;
        extend(&row->first_us, &row->last_us, ts_us);
        return;
    }
    u32 next = set_index.count;
    answer_sets = with_room(answer_sets, next, sizeof *answer_sets);
    add_to(&set_index, hash, next);
    set.bucket = bucket;
    set.query = query;
    set.qtype = qtype;
    set.responses = 1;
    set.first_us = set.last_us = ts_us;
    answer_sets[next] = set;
}

/* Roll one DNS message up; count the query, the response, or the refusal. */
static void take_message(const u8 *wire, u32 size, u64 ts_us, bool has_time)
{
    if (size < 12) {
        counts.refused++;
        return;
    }
    if (!(wire[2] & 0x80)) { /* QR */
        counts.queries++;
        return;
    }
    Message message = {.wire = wire, .size = size > 65535 ? 65535 : size};
    message.place_count = 0;
    u32 query, at = 12;
    if (wire[2] & 0x78 || big16(wire + 4) != 1 /* opcode, number of questions */
        || !read_name(&message, &at, message.size, &query) || at + 4 > message.size) {
        counts.refused++;
        return;
    }
    u16 qtype = big16(wire + at), qclass = big16(wire + at + 2);
    if (qclass != IN && qclass != ANY) {
        counts.refused++;
        return;
    }
    u32 bucket = has_time ? ts_us / (BUCKET_S * 1000000ull) : NO_BUCKET;
    u64 lookup_hash = fold((u64)bucket << 32 | query, 0x2D358DCCAA6C78A5u ^ qtype);
    ask_for(&lookup_index, lookup_hash);
    Body body = {.rcode = wire[3] & 0x0F};
    counts.responses++;
    read_records(&message, at + 4, bucket, query, &body);
    AnswerSet set = make_set(&body);
    for (u32 n = 0; n < body.record_count; n++)
        count_sighting(&records[n], bucket, query, ts_us);
    count_lookup(lookup_hash, bucket, query, qtype, body.rcode, set.addresses, ts_us);
    if (set.addresses)
        count_set(lookup_hash, bucket, query, qtype, set, ts_us);
}

/* --- packets -------------------------------------------------------------------------------- */

/* Find the UDP datagram of a frame and take its message, as far as the capture holds it. */
static void take_frame(const u8 *frame, u32 size, u64 ts_us, bool has_time)
{
    const u8 *udp = NULL;
    u32 left = 0;
    if (size >= 34 && big16(frame + 12) == 0x0800 && frame[14] >> 4 == 4) {
        const u8 *ip = frame + 14;
        u32 head = (ip[0] & 0x0F) * 4, whole = big16(ip + 2), held = size - 14;
        if (whole && whole < held)
            held = whole;
        if (head >= 20 && ip[9] == 17 && !(big16(ip + 6) & 0x3FFF) && held >= head + 8) {
            udp = ip + head;
            left = held - head;
        }
    } else if (size >= 54 && big16(frame + 12) == 0x86DD && frame[14] >> 4 == 6) {
        const u8 *ip = frame + 14;
        u32 whole = big16(ip + 4), held = size - 54;
        if (whole && whole < held)
            held = whole;
        if (ip[6] == 17 && held >= 8) {
            udp = ip + 40;
            left = held;
        }
    }
    u32 length = udp ? big16(udp + 4) : 0;
    bool is_dns = udp && (big16(udp) == DNS_PORT || big16(udp + 2) == DNS_PORT);
    if (!is_dns || (length && length < 8)) {
        counts.other_packets++;
        return;
    }
    if (length && length < left)
        left = length;
    take_message(udp + 8, left - 8, ts_us, has_time);
}

static const size_t WINDOW = 16 << 20; /* octets of the file asked for, and given back, at once */

static bool take_pcap(u8 *file, size_t size)
{
    u32 magic;
    if (size < 24)
        return false;
    memcpy(&magic, file, 4);
    bool is_swapped = magic == 0xD4C3B2A1 || magic == 0x4D3CB2A1;
    bool is_nano = magic == 0xA1B23C4D || magic == 0x4D3CB2A1;
    if (!is_swapped && !is_nano && magic != 0xA1B2C3D4)
        return false;
    u32 link;
    memcpy(&link, file + 20, 4);
    if (((is_swapped ? __builtin_bswap32(link) : link) & 0xFFFF) != 1u)
        return false;
    size_t at = 24, window = 0;
    while (size - at >= 16) {
        if (at >= window) {
#ifdef MADV_POPULATE_READ
            size_t more = size - window < WINDOW ? size - window : WINDOW;
            madvise(file + window, more, MADV_POPULATE_READ);
#endif
            if (window >= 2 * WINDOW)
                madvise(file + window - 2 * WINDOW, WINDOW, MADV_DONTNEED);
            window += WINDOW;
        }
        u32 head[3]; /* seconds, fraction, octets held */
        memcpy(head, file + at, sizeof head);
        if (is_swapped)
            for (u32 n = 0; n < 3; n++)
                head[n] = __builtin_bswap32(head[n]);
        at += 16;
        if (head[2] > size - at)
            break;
        u64 ts_us = head[0] * 1000000ull + (is_nano ? head[1] / 1000 : head[1]);
        bool has_time = ts_us < LATEST_S * 1000000;
        counts.packets++;
        take_frame(file + at, head[2], has_time ? ts_us : 0, has_time);
        at += head[2];
    }
    return true;
}

/* --- totals --------------------------------------------------------------------------------- */

#define PRINT_SUM(rows, row_count, field)                                               \
    do {                                                                                \
        u64 sum = 0;                                                                    \
        for (u32 n = 0; n < (row_count); n++)                                           \
            sum += (rows)[n].field;                                                     \
        printf(", \"" #rows "." #field "\": %" PRIu64, sum);                            \
    } while (0)

static void print_totals(double decode_s)
{
    printf("{\"responses\": %" PRIu64 ", \"queries\": %" PRIu64 ", \"refused\": %" PRIu64,
           counts.responses, counts.queries, counts.refused);
    printf(", \"damaged\": %" PRIu64 ", \"other_class\": %" PRIu64 ", \"other_packets\": %" PRIu64,
           counts.damaged, counts.other_class, counts.other_packets);
    printf(", \"names\": %u, \"decode_s\": %.6f", names.index.count, decode_s);
    printf(", \"sightings\": %u", sighting_index.count);
    PRINT_SUM(sightings, sighting_index.count, count);
    PRINT_SUM(sightings, sighting_index.count, ttl_min_s);
    PRINT_SUM(sightings, sighting_index.count, ttl_max_s);
    PRINT_SUM(sightings, sighting_index.count, first_us);
    PRINT_SUM(sightings, sighting_index.count, last_us);
    printf(", \"lookups\": %u", lookup_index.count);
    PRINT_SUM(lookups, lookup_index.count, responses);
    PRINT_SUM(lookups, lookup_index.count, noerror);
    PRINT_SUM(lookups, lookup_index.count, nxdomain);
    PRINT_SUM(lookups, lookup_index.count, servfail);
    PRINT_SUM(lookups, lookup_index.count, other_rcode);
    PRINT_SUM(lookups, lookup_index.count, answered);
    PRINT_SUM(lookups, lookup_index.count, answers_sum);
    PRINT_SUM(lookups, lookup_index.count, answers_max);
    PRINT_SUM(lookups, lookup_index.count, first_us);
    PRINT_SUM(lookups, lookup_index.count, last_us);
    printf(", \"answer_sets\": %u", set_index.count);
    PRINT_SUM(answer_sets, set_index.count, answer_set);
    PRINT_SUM(answer_sets, set_index.count, responses);
    PRINT_SUM(answer_sets, set_index.count, addresses);
    PRINT_SUM(answer_sets, set_index.count, slash24s);
    PRINT_SUM(answer_sets, set_index.count, slash16s);
    PRINT_SUM(answer_sets, set_index.count, first_us);
    PRINT_SUM(answer_sets, set_index.count, last_us);
    puts("}");
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

int main(int count, char **arguments)
{
    struct stat about;
    int file = count == 2 ? open(arguments[1], O_RDONLY) : -1;
    if (file < 0 || fstat(file, &about) || about.st_size < 24) {
        fputs("usage: decoder FILE.pcap\n", stderr);
        return 2;
    }
    u8 *octets = mmap(NULL, about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (octets == MAP_FAILED) {
        perror("decoder");
        return 1;
    }
    double started = now_s();
    start_strings(&names);
    start_strings(&ipv6_addresses);
    start_strings(&soas);
    start_index(&sighting_index, 1 << 12);
    start_index(&lookup_index, 1 << 12);
    start_index(&set_index, 1 << 12);
    if (!take_pcap(octets, about.st_size)) {
        fputs("decoder: not a pcap of Ethernet frames\n", stderr);
        return 1;
    }
    print_totals(now_s() - started);
    return 0;
}
