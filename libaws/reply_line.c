#include "reply.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "text.h"
#include "xml.h"

static int
add_json(const char *body, size_t len, struct buf *out, struct err *err)
{
	struct json root;
	struct err why = {0};
	if (json_scan(body, len, &root, &why) != 0)
		return err_set(err, ERR_LATER, "InvalidReply",
		    "the reply is no JSON: %s", why.message);
	json_compact(root, out);
	return 0;
}

static int
add_xml(const char *operation, const char *body, size_t len, struct buf *out,
    struct err *err)
{
	struct xml *root = xml_parse(body, len, err);
	if (root == NULL)
		return -1;
	const struct xml *from = root;
	bool query = xml_find(root, "ResponseMetadata") != NULL;
	if (operation != NULL) {
		char name[160];
		snprintf(name, sizeof(name), "%sResult", operation);
		const struct xml *result = xml_find(root, name);
		if (result != NULL)
			from = result;
	}
	if ((query && from == root) || from->child == NULL)
		buf_add_text(out, "{}");
	else
		xml_json(from, out);
	xml_free(root);
	return 0;
}

static void
add_body(const char *body, size_t len, struct buf *out)
{
	bool text = text_utf8(body, len) == len;
	buf_add_text(out, text ? "{\"body\":" : "{\"body_base64\":\"");
	if (text)
		text_json_string(body, len, out);
	else
		text_base64(body, len, out);
	buf_add_text(out, text ? "}" : "\"}");
}

int
reply_line(const struct service *service, const char *operation,
    const char *body, size_t len, struct buf *out, struct err *err)
{
	size_t space = strspn(body, " \t\r\n");
	if (space == len) {
		buf_add_text(out, "{}");
		return 0;
	}
	if (service->protocol == SERVICE_JSON)
		return add_json(body, len, out, err);
	if (service->protocol == SERVICE_QUERY)
		return add_xml(operation, body, len, out, err);
	struct json root;
	struct xml *xml = NULL;
	if (json_scan(body, len, &root, NULL) == 0)
		json_compact(root, out);
	else if (body[space] == '<' &&
		 (xml = xml_parse(body, len, NULL)) != NULL)
		xml_json(xml, out);
	else
		add_body(body, len, out);
	xml_free(xml);
	return 0;
}
