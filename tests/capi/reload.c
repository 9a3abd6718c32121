/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread matches as fast as it can while another loads rules and swaps them: what is matched is
 * always a whole set, and memory stays as it is. The argument is the number of rounds.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "check.h"

/* Two sets, of two and of one rule that match. */
static const char *const texts[] = {
	RULES,
	"- list: names\n  items: [x, y, z]\n"
	"- rule: only\n  desc: d\n  condition: proc.name in (names) and container.id != host\n"
	"  output: o\n  priority: INFO\n",
};

static driftcore_matcher *matcher;
static atomic_int go_on = 1;
static atomic_long matches[3];

static void *match(void *context)
{
	driftcore_flat_event *event = event_of(EVENT);
	long wrong = 0;

	(void)context;
	while (go_on) {
		size_t rules[4], found = 0;
		driftcore_status status =
			driftcore_matcher_match(matcher, event, rules, COUNT(rules), &found, NULL);

		if (status == DRIFTCORE_STATUS_OK && found >= 1 && found <= 2)
			matches[found]++;
		else
			wrong++;
	}
	driftcore_flat_event_free(&event);
	return (void *)wrong;
}

static size_t allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* In bytes. */
static long resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	NEED(file && fscanf(file, "%*d %ld", &pages) == 1);
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 10000;
	driftcore_rules *rules = rules_of(texts[0]);
	size_t allocated_warm = 0;
	long resident_warm = 0;
	pthread_t thread;
	void *wrong;

	matcher = matcher_of(rules);
	driftcore_rules_free(&rules);
	NEED(pthread_create(&thread, NULL, match, NULL) == 0);
	for (long round = 0; round < rounds; round++) {
		rules = rules_of(texts[round % 2]);
		CHECK_OK(driftcore_matcher_set_rules(matcher, rules, NULL));
		driftcore_rules_free(&rules);
		/* Both when the same set is in use. */
		if (round == rounds / 10 / 2 * 2 + 1) {
			allocated_warm = allocated();
			resident_warm = resident();
		}
		if (round == (rounds - 2) / 2 * 2 + 1) {
			printf("allocated: %zu bytes, then %zu; resident: %ld bytes, then %ld\n",
			       allocated_warm, allocated(), resident_warm, resident());
			/*
			 * Where valgrind or a sanitizer keeps the memory it counts nothing, and looks
			 * for leaks at the end. Else an event or a set that is on its way is smaller
			 * than the first bound, and what malloc keeps for two threads than the second.
			 */
			CHECK(allocated() <= allocated_warm + 64 * 1024);
			CHECK(!allocated_warm || resident() <= resident_warm + 4 * 1024 * 1024);
		}
	}
	/* Until the last set was matched too. */
	while (!matches[2] || !matches[1])
		usleep(1000);
	go_on = 0;
	NEED(pthread_join(thread, &wrong) == 0);
	CHECK_IS(0, (long)wrong);
	printf("%ld rounds, %ld matches\n", rounds, matches[1] + matches[2]);
	driftcore_matcher_free(&matcher);
	return check_failures != 0;
}
