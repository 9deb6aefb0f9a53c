#ifndef LUNA_TOOL_INNER_H
#define LUNA_TOOL_INNER_H

#include "tool.h"

/*
 * What the parts of tool share: tool.c (start and end), tool_option.c (the
 * command line), tool_in.c (stdin), tool_out.c (stdout), tool_fail.c (what
 * fails).
 */

/* Fill t from the command line; ends the process as tool_start says. */
void tool_parse(struct tool *t, int argc, char **argv);

/* Report how often what was not shown came, and what became of records. */
void tool_last_lines(struct tool *t);
void tool_forget_seen(struct tool *t);

/* stdout takes no more, for the reason that errno gave: -1. */
int tool_output_failed(struct tool *t, int error);

#endif
