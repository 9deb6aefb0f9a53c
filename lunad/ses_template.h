#ifndef LUNAD_SES_TEMPLATE_H
#define LUNAD_SES_TEMPLATE_H

#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "json.h"

/*
 * Mail templates of SES: Handlebars as far as SES's guide shows it.
 *
 *     {{a}} {{a.b}} {{a.[b c]}} {{this}} {{../a}} {{@index}} {{@key}}
 *     {{@first}} {{@last}}   {{{a}}} {{&a}}   {{! comment}}   {{~ trims ~}}
 *     {{#if a}} {{else if b}} {{else}} {{/if}}   {{#unless a}} {{/unless}}
 *     {{#each list}} {{else}} {{/each}}   {{#with a}} {{else}} {{/with}}
 *     {{#* inline "name"}} {{/inline}}   {{> name}}   \{{literally}}
 *
 * Nothing is escaped for HTML: SES does not either. A name is looked for in
 * the innermost block first, then outwards.
 *
 * Source: SES Developer Guide, "Advanced email personalization".
 */
#define SES_TEMPLATE_DEPTH 32
#define SES_TEMPLATE_MAX ((size_t)10 << 20) /* what may come of it, bytes */

/*
 * Append what comes of text and data, an object.
 *
 * Fails: "MissingAttribute" when data lacks a name (or has null for it),
 *        "InvalidTemplate" for the template's form or the size of what
 *        comes of it. out is then of no use.
 */
int ses_template_render(const char *text, size_t len, struct json data,
    struct buf *out, struct err *err);

/* Is it a template? Fails: "InvalidTemplate". */
int ses_template_check(const char *text, size_t len, struct err *err);

#endif
