/* SPDX-License-Identifier: MIT */
/* The linkage of functions that the library's own files share: nobody else is to see them. */
#ifndef AFT_DISPATCH_INTERNAL_H
#define AFT_DISPATCH_INTERNAL_H

#ifdef AFT_ONE_FILE /* all of the library is one translation unit: scripts/amalgamate */
#define AFT_INTERNAL static
#else
#define AFT_INTERNAL __attribute__((visibility("hidden")))
#endif

#endif
