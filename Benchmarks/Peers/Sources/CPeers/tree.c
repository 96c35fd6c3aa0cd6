#include "tree.h"

#include <stddef.h>

static void replace(struct area **root, struct area *old, struct area *new)
{
  struct area *parent = old->parent;
  if (!parent)
    *root = new;
  else if (parent->left == old)
    parent->left = new;
  else
    parent->right = new;
  if (new)
    new->parent = parent;
}

static void rotate_left(struct area **root, struct area *x)
{
  struct area *y = x->right;
  x->right = y->left;
  if (y->left)
    y->left->parent = x;
  replace(root, x, y);
  y->left = x;
  x->parent = y;
}

static void rotate_right(struct area **root, struct area *x)
{
  struct area *y = x->left;
  x->left = y->right;
  if (y->right)
    y->right->parent = x;
  replace(root, x, y);
  y->right = x;
  x->parent = y;
}

void tree_link(struct area **root, struct area *node, struct area *parent, struct area **link)
{
  node->parent = parent;
  node->left = node->right = NULL;
  node->is_red = 1;
  *link = node;
  while ((parent = node->parent) && parent->is_red) {
    struct area *top = parent->parent;
    if (parent == top->left) {
      struct area *uncle = top->right;
      if (uncle && uncle->is_red) {
        uncle->is_red = parent->is_red = 0;
        top->is_red = 1;
        node = top;
        continue;
      }
      if (node == parent->right) {
        rotate_left(root, parent);
        parent = node;
      }
      parent->is_red = 0;
      top->is_red = 1;
      rotate_right(root, top);
      break;
    } else {
      struct area *uncle = top->left;
      if (uncle && uncle->is_red) {
        uncle->is_red = parent->is_red = 0;
        top->is_red = 1;
        node = top;
        continue;
      }
      if (node == parent->left) {
        rotate_right(root, parent);
        parent = node;
      }
      parent->is_red = 0;
      top->is_red = 1;
      rotate_left(root, top);
      break;
    }
  }
  (*root)->is_red = 0;
}

static int is_black(const struct area *node)
{
  return !node || !node->is_red;
}

// `node`, perhaps nil, stands below `parent` where paths lack a black node.
static void fix_erased(struct area **root, struct area *node, struct area *parent)
{
  while (parent && is_black(node)) {
    if (parent->left == node) {
      struct area *sibling = parent->right;
      if (sibling->is_red) {
        sibling->is_red = 0;
        parent->is_red = 1;
        rotate_left(root, parent);
        sibling = parent->right;
      }
      if (is_black(sibling->left) && is_black(sibling->right)) {
        sibling->is_red = 1;
        node = parent;
        parent = node->parent;
        continue;
      }
      if (is_black(sibling->right)) {
        sibling->left->is_red = 0;
        sibling->is_red = 1;
        rotate_right(root, sibling);
        sibling = parent->right;
      }
      sibling->is_red = parent->is_red;
      parent->is_red = 0;
      sibling->right->is_red = 0;
      rotate_left(root, parent);
    } else {
      struct area *sibling = parent->left;
      if (sibling->is_red) {
        sibling->is_red = 0;
        parent->is_red = 1;
        rotate_right(root, parent);
        sibling = parent->left;
      }
      if (is_black(sibling->left) && is_black(sibling->right)) {
        sibling->is_red = 1;
        node = parent;
        parent = node->parent;
        continue;
      }
      if (is_black(sibling->left)) {
        sibling->right->is_red = 0;
        sibling->is_red = 1;
        rotate_left(root, sibling);
        sibling = parent->left;
      }
      sibling->is_red = parent->is_red;
      parent->is_red = 0;
      sibling->left->is_red = 0;
      rotate_right(root, parent);
    }
    return;
  }
  if (node)
    node->is_red = 0;
}

void tree_erase(struct area **root, struct area *node)
{
  struct area *orphan;
  struct area *parent;
  uint64_t was_red = node->is_red;
  if (!node->left || !node->right) {
    orphan = node->left ? node->left : node->right;
    parent = node->parent;
    replace(root, node, orphan);
  } else {
    struct area *heir = node->right;
    while (heir->left)
      heir = heir->left;
    was_red = heir->is_red;
    orphan = heir->right;
    parent = heir->parent == node ? heir : heir->parent;
    if (heir->parent != node) {
      replace(root, heir, orphan);
      heir->right = node->right;
      heir->right->parent = heir;
    }
    replace(root, node, heir);
    heir->left = node->left;
    heir->left->parent = heir;
    heir->is_red = node->is_red;
  }
  if (!was_red)
    fix_erased(root, orphan, parent);
}
