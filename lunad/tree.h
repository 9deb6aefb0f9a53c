#ifndef LUNAD_TREE_H
#define LUNAD_TREE_H

/* Remove a directory and all that is below it, following no link. */
void tree_remove(const char *path);

#endif
