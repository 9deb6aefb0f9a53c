#ifndef LUNA_DIAG_H
#define LUNA_DIAG_H

/*
 * The only writer to stderr. Every diagnostic is one line that begins with
 * the program's name, written in one call so that lines of a pipe's tools
 * do not mix.
 */

/* name: borrowed for the life of the process. */
void diag_name(const char *name);
const char *diag_program(void);

/* Print "name: text" and a newline. Control characters become spaces. */
void diag(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print text and a newline as it is (-v lines, progress on a terminal). */
void diag_plain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Show text on the terminal's last line in place of what was shown there; ""
 * shows nothing more. Only where stderr is a terminal. */
void diag_progress(const char *text);

#endif
