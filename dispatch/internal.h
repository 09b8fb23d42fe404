/* SPDX-License-Identifier: MIT */
/* The linkage of functions that the library's own files share: nobody else is to see them. */
#ifndef AFT_DISPATCH_INTERNAL_H
#define AFT_DISPATCH_INTERNAL_H

#ifdef AFT_ONE_FILE /* all of the library is one translation unit: scripts/amalgamate */
#define AFT_INTERNAL static
#else
#ifdef AFT_PREFIX
#error "AFT_PREFIX is for aft.c (scripts/amalgamate): here internal functions would keep their names"
#endif
#define AFT_INTERNAL __attribute__((visibility("hidden")))
#endif

#endif
