"""Pairs of libraries that differ in one thing, with what the ABI of x86-64 and C++ makes of it.

Sources: System V ABI for AMD64, section 3; Itanium C++ ABI, sections 1.1, 2 and 3.1.
"""

from __future__ import annotations

from typing import NamedTuple

from rebel_tools.gate.rules import BREAK, NOTE, RISK, SOURCE

STRUCT = " int f(struct s *x) { return 0; }"
UNION = " int f(union u *x) { return 0; }"
ENUM = " int f(enum e x) { return x; }"
CLASS = " int f(s *x) { return 0; }"
RESULT = " decltype(((s *)0)->k()) s::k() { return 0; } int f(s *x) { return 0; }"
KEY = " int s::k() { return 0; } int f(s *x) { return 0; }"
WEAK, PROTECTED = "__attribute__((weak))", '__attribute__((visibility("protected")))'
ELSEWHERE = "struct a { int x; }; struct c { int z; }; struct b : c, a {}; "
BASES = (
    "struct a { virtual int fa(); int xa; }; struct b { virtual int fb(); int xb; };"
    " int a::fa() { return 0; } int b::fb() { return 0; } "
)


class Pair(NamedTuple):
    """Two versions of a library.

    level: of the worst change, None where programs and compilers see none.
    passes: whether the new version keeps the interface of the old one, with evidence for every layout.
    use: what stands behind the declarations of both, so that a symbol leads to them; before: what stands before them.
    """

    name: str
    old: str
    new: str
    level: str | None
    passes: bool
    use: str = ""
    before: str = ""


C = (
    Pair(
        "enum-anon-typedef-swapped",
        "typedef enum { A, B } e; int f(e x) { return x; }",
        "typedef enum { B, A } e; int f(e x) { return x; }",
        BREAK, False,
    ),
    Pair("enum-added-end", "enum e { A, B };", "enum e { A, B, D };", NOTE, True, ENUM),
    Pair(
        "enum-only-declared",
        "enum e; int f(enum e *x) { return 0; }",
        "enum e { A }; int f(enum e *x) { return 0; }",
        None, True,
    ),
    Pair("enum-count-grew", "enum e { A, B, E_COUNT };", "enum e { A, B, D, E_COUNT };", RISK, False, ENUM),
    Pair("enum-became-unsigned", "enum e { A=-1, B };", "enum e { A=0, B=1 };", BREAK, False, ENUM),
    Pair(
        "enum-in-struct-behind-pointer",
        "struct s { enum { A, B } k; int v; }; int f(struct s *x) { return x->v; }",
        "struct s { enum { B, A } k; int v; }; int f(struct s *x) { return x->v; }",
        BREAK, False,
    ),
    Pair("int-to-enum", "void f(int x) {}", "enum e { A, B }; void f(enum e x) {}", RISK, True),
    Pair("int-to-enum-behind-pointer", "void f(int *x) {}", "enum e { A, B }; void f(enum e *x) {}", RISK, True),
    Pair("int-to-large-enum", "void f(int x) {}", "enum e { A = ~0u }; void f(enum e x) {}", BREAK, False),
    Pair("int-to-wide-enum", "void f(int x) {}", "enum e { A = 1L << 40 }; void f(enum e x) {}", BREAK, False),
    Pair("bits-to-enum", "struct s { int a:1; };", "struct s { enum { A, B } a:1; };", BREAK, False, STRUCT),
    Pair("enum-to-int", "enum e { A, B }; void f(enum e x) {}", "void f(unsigned x) {}", None, True),
    Pair(
        "align-struct",
        "struct s { int a; };",
        "struct __attribute__((aligned(16))) s { int a; };",
        BREAK, False, STRUCT,
    ),
    Pair(
        "align-same-size",
        "struct s { char a[16]; }; int f(struct s *x) { return x->a[0]; }",
        "struct __attribute__((aligned(16))) s { char a[16]; }; int f(struct s *x) { return x->a[0]; }",
        BREAK, False,
    ),
    Pair("binding-weak", "int f(int x) { return 0; }", f"{WEAK} int f(int x) {{ return 0; }}", NOTE, True),
    Pair("binding-strong", f"{WEAK} int f(int x) {{ return 0; }}", "int f(int x) { return 0; }", NOTE, True),
    Pair("data-protected", "int v;", f"{PROTECTED} int v;", RISK, True),
    Pair(
        "function-protected",
        "int f(int x) { return 0; }",
        f"{PROTECTED} int f(int x) {{ return 0; }}",
        NOTE, True,
    ),
    Pair("data-no-longer-protected", f"{PROTECTED} int v;", "int v;", NOTE, True),
    Pair(
        "argument-became-transparent-union",
        "void f(int *x) {}",
        "typedef union __attribute__((transparent_union)) { int *a; long *b; } u; void f(u x) {}",
        RISK, True,
    ),
    Pair(
        "argument-was-union",
        "typedef union { int *a; long *b; } u; void f(u x) {}",
        "void f(long *x) {}",
        RISK, True,
    ),
    Pair(
        "argument-became-union-of-others",
        "void f(int *x) {}",
        "typedef union { char *a; long *b; } u; void f(u x) {}",
        BREAK, False,
    ),
    Pair(
        "argument-became-larger-union",
        "void f(int *x) {}",
        "typedef union { int *a; long b[2]; } u; void f(u x) {}",
        BREAK, False,
    ),
    Pair(
        "result-became-union",
        "int *f(void) { return 0; }",
        "typedef union { int *a; } u; u f(void) { u x = {0}; return x; }",
        BREAK, False,
    ),
    Pair("enum-gained-a-sign", "enum e { A, B };", "enum e { A, B, C = -1 };", RISK, True, ENUM),
    Pair("enum-large-gained-a-sign", "enum e { A = 0xffffffffu };", "enum e { A = -1 };", BREAK, False, ENUM),
    Pair("align-data-grew", "int v[4];", "_Alignas(64) int v[4];", None, True),
    Pair(
        "packed",
        "struct s { char a; int b; };",
        "struct __attribute__((packed)) s { char a; int b; };",
        BREAK, False, STRUCT,
    ),
    Pair(
        "align-typedef-behind-argument",
        "typedef int four; void f(four *x) {}",
        "typedef int four __attribute__((aligned(16))); void f(four *x) {}",
        RISK, True,
    ),
    Pair(
        "align-typedef-arg",
        "typedef int v4 __attribute__((vector_size(16))); void f(v4 x) {}",
        "typedef int v4 __attribute__((vector_size(32))); void f(v4 x) {}",
        BREAK, False,
    ),
    Pair(
        "vector-element",
        "typedef int v4 __attribute__((vector_size(16))); void f(v4 x) {}",
        "typedef float v4 __attribute__((vector_size(16))); void f(v4 x) {}",
        BREAK, False,
    ),
    Pair(
        "vector-to-array-struct",
        "typedef int v4 __attribute__((vector_size(16))); void f(v4 x) {}",
        "typedef struct { int a[4]; } v4; void f(v4 x) {}",
        BREAK, False,
    ),
    Pair("data-const", "int v=1;", "const int v=1;", BREAK, False),
    Pair("data-unconst", "const int v=1;", "int v=1;", NOTE, True),
    Pair("data-larger", "int v[4];", "int v[8];", BREAK, False),
    Pair("data-char-pointer-const", "char *v;", "const char *v;", SOURCE, True),
    Pair("data-volatile", "int v;", "volatile int v;", SOURCE, True),
    Pair("data-tls", "int v;", "__thread int v;", BREAK, False),
    Pair("data-type-same-size", "int v;", "float v;", BREAK, False),
    Pair(
        "atomic-member",
        "struct s { int a; }; void f(struct s *x) {}",
        "struct s { _Atomic int a; }; void f(struct s *x) {}",
        BREAK, False,
    ),
    Pair("atomic-pointer-arg", "void f(int *x) {}", "void f(_Atomic int *x) {}", BREAK, False),
    Pair("const-arg-gained", "void f(char *x) {}", "void f(const char *x) {}", NOTE, True),
    Pair("const-arg-lost", "void f(const char *x) {}", "void f(char *x) {}", SOURCE, True),
    Pair("const-top-arg", "void f(int x) {}", "void f(const int x) {}", None, True),
    Pair(
        "volatile-member",
        "struct s { int a; }; void f(struct s *x) {}",
        "struct s { volatile int a; }; void f(struct s *x) {}",
        BREAK, False,
    ),
    Pair(
        "const-member",
        "struct s { int a; }; void f(struct s *x) {}",
        "struct s { const int a; }; void f(struct s *x) {}",
        SOURCE, True,
    ),
    Pair("restrict", "void f(char *x, char *y) {}", "void f(char *restrict x, char *restrict y) {}", None, True),
    Pair("result-const", "char *f(void) { return 0; }", "const char *f(void) { return 0; }", SOURCE, True),
    Pair(
        "hidden",
        "int f(void) { return 0; } int g(void) { return 0; }",
        "__attribute__((visibility(\"hidden\"))) int f(void) { return 0; } int g(void) { return 0; }",
        BREAK, False,
    ),
    Pair(
        "alias",
        "int f(int x) { return x; } int g(int x) { return x; }",
        "int f(int x) { return x; } int g(int) __attribute__((alias(\"f\")));",
        None, True,
    ),
    Pair(
        "anon-union-wrap",
        "struct s { int a; int b; };",
        "struct s { int a; union { int b; float c; }; };",
        NOTE, True, STRUCT,
    ),
    Pair(
        "anon-struct-unwrapped",
        "struct s { struct { int a; int b; }; int c; };",
        "struct s { int a; int b; int c; };",
        None, True, STRUCT,
    ),
    Pair(
        "typedef-gets-tag",
        "typedef struct { int a; } s; int f(s *x) { return x->a; }",
        "typedef struct s { int a; } s; int f(s *x) { return x->a; }",
        None, True,
    ),
    Pair(
        "typedef-gets-other-tag",
        "typedef struct { int a; } s; int f(s *x) { return x->a; }",
        "typedef struct _s { int a; } s; int f(s *x) { return x->a; }",
        None, True,
    ),
    Pair("union-grows-within", "union u { long a; };", "union u { long a; int b; };", NOTE, True, UNION),
    Pair("union-grows-beyond", "union u { int a; };", "union u { int a; long b; };", BREAK, False, UNION),
    Pair("union-member-removed", "union u { int a; float b; };", "union u { int a; };", BREAK, False, UNION),
    Pair("field-renamed", "struct s { int a; };", "struct s { int b; };", NOTE, True, STRUCT),
    Pair("fields-swapped-same-type", "struct s { int a, b; };", "struct s { int b, a; };", BREAK, False, STRUCT),
    Pair(
        "reserved-used",
        "struct s { int a; int reserved[3]; };",
        "struct s { int a; int b; int reserved[2]; };",
        NOTE, True, STRUCT,
    ),
    Pair(
        "reserved-grown",
        "struct s { int a; int reserved[3]; }; int f(struct s x) { return 0; }",
        "struct s { int a; int b; int reserved[3]; }; int f(struct s x) { return 0; }",
        BREAK, False,
    ),
    Pair(
        "appended-pointer-only",
        "struct s { int a; }; struct s *n(void) { return 0; }",
        "struct s { int a; int b; }; struct s *n(void) { return 0; }",
        RISK, False, STRUCT,
    ),
    Pair(
        "appended-by-value",
        "struct s { int a; }; int f(struct s x) { return 0; }",
        "struct s { int a; int b; }; int f(struct s x) { return 0; }",
        BREAK, False,
    ),
    Pair("field-type-same-size", "struct s { int a; };", "struct s { float a; };", BREAK, False, STRUCT),
    Pair("padding-used", "struct s { char a; int b; };", "struct s { char a; char n; int b; };", RISK, True, STRUCT),
    Pair(
        "bitfield-narrower",
        "struct s { unsigned a:4, b:4; };",
        "struct s { unsigned a:3, b:5; };",
        BREAK, False, STRUCT,
    ),
    Pair(
        "bitfield-appended-in-unit",
        "struct s { unsigned a:4; };",
        "struct s { unsigned a:4, b:4; };",
        RISK, True, STRUCT,
    ),
    Pair("bitfield-signed", "struct s { unsigned a:4; };", "struct s { int a:4; };", BREAK, False, STRUCT),
    Pair(
        "bitfield-to-member",
        "struct s { unsigned a:8; unsigned b:24; };",
        "struct s { unsigned char a; unsigned b:24; };",
        None, True, STRUCT,
    ),
    Pair(
        "flexible-array-element",
        "struct s { int n; int d[]; };",
        "struct s { int n; short d[]; };",
        BREAK, False, STRUCT,
    ),
    Pair("flexible-array-added", "struct s { int n; };", "struct s { int n; int d[]; };", RISK, False, STRUCT),
    Pair(
        "flexible-one-to-empty",
        "struct s { int n; int d[1]; };",
        "struct s { int n; int d[]; };",
        BREAK, False, STRUCT,
    ),
    Pair("fnptr-arg", "struct s { int(*g)(int); };", "struct s { int(*g)(long); };", BREAK, False, STRUCT),
    Pair(
        "fnptr-const-pointee",
        "int f(int(*g)(char*)) { return 0; }",
        "int f(int(*g)(const char*)) { return 0; }",
        SOURCE, True,
    ),
    Pair(
        "fnptr-struct-behind",
        "struct q { int a; }; int f(int(*g)(struct q*)) { return 0; }",
        "struct q { long a; }; int f(int(*g)(struct q*)) { return 0; }",
        BREAK, False,
    ),
    Pair(
        "opaque-now-defined",
        "struct s; int f(struct s *x) { return 0; }",
        "struct s { int a; }; int f(struct s *x) { return 1; }",
        None, True,
    ),
    Pair(
        "struct-to-union",
        "struct s { int a; }; typedef struct s s;",
        "union s { int a; }; typedef union s s;",
        RISK, True, CLASS,
    ),
    Pair(
        "struct-one-member-to-scalar",
        "typedef struct { int a; } s; int f(s x) { return 0; }",
        "typedef int s; int f(s x) { return 0; }",
        BREAK, False,
    ),
    Pair("varargs-added", "int f(int x) { return 0; }", "int f(int x, ...) { return 0; }", BREAK, False),
    Pair("function-became-data", "int f(int x) { return x; }", "int f = 1;", BREAK, False),
    Pair("data-became-function", "int f = 1;", "int f(int x) { return x; }", BREAK, False),
    Pair("never-returns", "void f(void) { for (;;); }", "_Noreturn void f(void) { for (;;); }", NOTE, True),
    Pair("may-return", "_Noreturn void f(void) { for (;;); }", "void f(void) { for (;;); }", RISK, True),
    Pair(
        "appended-behind-exported-pointer",
        "struct s { int a; }; struct s *v;",
        "struct s { int a; int b; }; struct s *v;",
        RISK, False,
    ),
    Pair("arg-added", "int f(int x) { return 0; }", "int f(int x, int y) { return 0; }", BREAK, False),
    Pair("result-void-to-int", "void f(void) {}", "int f(void) { return 0; }", BREAK, False),
    Pair("arg-int-to-long", "int f(int x) { return 0; }", "int f(long x) { return 0; }", BREAK, False),
    Pair("arg-long-to-longlong", "int f(long x) { return 0; }", "int f(long long x) { return 0; }", None, True),
    Pair("arg-float-to-double", "int f(float x) { return 0; }", "int f(double x) { return 0; }", BREAK, False),
    Pair("int128", "int f(__int128 x) { return 0; }", "int f(unsigned __int128 x) { return 0; }", BREAK, False),
    Pair("complex", "int f(float _Complex x) { return 0; }", "int f(double x) { return 0; }", BREAK, False),
    Pair("bool-to-char", "int f(_Bool x) { return 0; }", "int f(unsigned char x) { return 0; }", BREAK, False),
    Pair("pointer-to-int", "int f(void *x) { return 0; }", "int f(unsigned long x) { return 0; }", BREAK, False),
    Pair("void-pointer-to-typed", "int f(void *x) { return 0; }", "int f(int *x) { return 0; }", SOURCE, False),
    Pair("char-pointer-to-void", "int f(char *x) { return 0; }", "int f(void *x) { return 0; }", SOURCE, False),
    Pair("kr-empty", "int f() { return 0; }", "int f(void) { return 0; }", None, True),
    Pair("union-align-grown", "union u { char a[8]; };", "union u { char a[8]; long b; };", RISK, True, UNION),
    Pair(
        "reserved-align-grown",
        "struct s { char a; char reserved[15]; };",
        "struct s { char a; char reserved[7]; long b; };",
        RISK, True, STRUCT,
    ),
    Pair(
        "bitfield-type-narrower",
        "struct s { unsigned a:4; char r[3]; };",
        "struct s { unsigned char a:4; char r[3]; };",
        RISK, True, STRUCT,
    ),
    Pair(
        "bitfield-type-same",
        "struct s { unsigned a:4; int b; };",
        "struct s { unsigned char a:4; int b; };",
        None, True, STRUCT,
    ),
    Pair(
        "bitfield-bool",
        "struct s { unsigned a:1; int b; };",
        "struct s { _Bool a:1; int b; };",
        None, True, STRUCT,
    ),
    Pair("data-struct-alignas-less", "_Alignas(64) int v;", "int v;", BREAK, False),
    Pair(
        "enum-packed",
        "enum e { A, B }; struct s { enum e x; };",
        "enum __attribute__((packed)) e { A, B }; struct s { enum e x; };",
        BREAK, False, STRUCT,
    ),
    Pair("enum-renamed-constant", "enum e { A, B };", "enum e { A, BB };", NOTE, True, ENUM),
    Pair("enum-alias-added", "enum e { A, B };", "enum e { A, B, B_OLD=1 };", NOTE, True, ENUM),
    Pair("array-reshape-flat", "struct s { int a[6]; };", "struct s { int a[2][3]; };", BREAK, False, STRUCT),
    Pair("pointer-to-array", "int f(int(*q)[3]) { return 0; }", "int f(int(*q)[4]) { return 0; }", BREAK, False),
    Pair(
        "anonymous-union-to-named",
        "struct s { int k; union { int a; float b; }; };",
        "struct s { int k; union { int a; float b; } u; };",
        NOTE, True, STRUCT,
    ),
    Pair("decimal", "int f(_Decimal64 x) { return 0; }", "int f(double x) { return 0; }", BREAK, False),
    Pair("decimal-same", "int f(_Decimal64 x) { return 0; }", "int f(_Decimal64 y) { return 0; }", None, True),
    Pair(
        "self-list",
        "struct l { struct l *n; int v; }; int f(struct l *x) { return 0; }",
        "struct l { struct l *n; long v; }; int f(struct l *x) { return 0; }",
        BREAK, False,
    ),
    Pair(
        "handler-table",
        "struct ops { int(*open)(void); int(*close)(void); }; struct ops table;",
        "struct ops { int(*open)(void); int(*read)(void); int(*close)(void); }; struct ops table;",
        BREAK, False,
    ),
    Pair("volatile-pointee", "void f(int *x) {}", "void f(volatile int *x) {}", NOTE, True),
    Pair("const-double-pointer", "void f(char**x) {}", "void f(const char**x) {}", SOURCE, True),
    Pair("zero-array", "struct s { int n; int d[0]; };", "struct s { int n; int d[]; };", None, True, STRUCT),
    Pair(
        "pragma-pack",
        "struct s { char c; long l; }; int f(struct s *x) { return 0; }",
        "#pragma pack(push, 4)\nstruct s { char c; long l; };\n#pragma pack(pop)\nint f(struct s *x) { return 0; }",
        BREAK, False,
    ),
    Pair(
        "vector-became-array",
        "typedef int v __attribute__((vector_size(16))); struct s { v a; };",
        "struct s { int a[4]; };",
        BREAK, False, STRUCT,
    ),
    Pair("old-style-float", "int f(x) float x; { return x; }", "int f(float x) { return x; }", BREAK, False),
    Pair(
        "callback-got-a-prototype",
        "struct s { void (*done)(); int (*next)(); };",
        "struct s { void (*done)(void); int (*next)(struct s *, int); };",
        None, True, STRUCT,
    ),
    Pair(
        "callback-got-a-prototype-that-old-calls-do-not-fit",
        "struct s { void (*put)(); };",
        "struct s { void (*put)(float); };",
        BREAK, False, STRUCT,
    ),
    Pair("old-style-int", "int f(x) int x; { return x; }", "int f(int x) { return x; }", None, True),
)  # fmt: skip

CXX = (
    Pair("enum-became-class", "enum e { A, B };", "enum class e { A, B };", RISK, True, " int f(e x) { return 0; }"),
    Pair(
        "covariant-result",
        "struct a { int x; }; struct b : a { int y; }; extern \"C\" a *f() { return 0; } void g(b *) {}",
        "struct a { int x; }; struct b : a { int y; }; extern \"C\" b *f() { return 0; } void g(b *) {}",
        NOTE, True,
    ),
    Pair(
        "covariant-result-elsewhere",
        ELSEWHERE + 'extern "C" a *f() { return 0; } void g(b *) {}',
        ELSEWHERE + 'extern "C" b *f() { return 0; } void g(b *) {}',
        BREAK, False,
    ),
    Pair(
        "result-became-base",
        "struct a { int x; }; struct b : a { int y; }; extern \"C\" b *f() { return 0; } void g(a *) {}",
        "struct a { int x; }; struct b : a { int y; }; extern \"C\" a *f() { return 0; } void g(a *) {}",
        BREAK, False,
    ),
    Pair(
        "reference-to-what-may-be-moved",
        "extern \"C\" int f(int &x) { return 0; }",
        "extern \"C\" int f(int &&x) { return 0; }",
        SOURCE, True,
    ),
    Pair(
        "element-of-a-container-grew",
        "struct P { int x; };",
        "struct P { int x, y; };",
        BREAK, False, " P *made() { return 0; } int f(std::vector<P> &v) { return v[0].x; }", "#include <vector>\n",
    ),
    Pair(
        "element-behind-a-pointer-grew",
        "struct P { int x; };",
        "struct P { int x, y; };",
        RISK, False, " P *made() { return 0; } int f(std::vector<P *> &v) { return v[0]->x; }", "#include <vector>\n",
    ),
    Pair("access-narrower", "struct s { int a; };", "struct s { private: int a; };", SOURCE, True, CLASS),
    Pair("access-wider", "class s { int a; };", "class s { public: int a; };", NOTE, True, CLASS),
    Pair(
        "access-of-base",
        "struct b { int x; }; class s : b {};",
        "struct b { int x; }; class s : public b {};",
        NOTE, True, CLASS,
    ),
    Pair(
        "enum-class-underlying",
        "enum class e:int { a }; int f(e *x) { return int(*x); }",
        "enum class e:short { a }; int f(e *x) { return int(*x); }",
        BREAK, False,
    ),
    Pair(
        "dtor-added",
        "struct s { int a; }; int f(s x) { return x.a; }",
        "struct s { int a; ~s(); }; s::~s() {} int f(s x) { return x.a; }",
        BREAK, False,
    ),
    Pair(
        "member-nontrivial",
        "struct m { int a; }; struct s { m x; }; int f(s x) { return x.x.a; }",
        "struct m { int a; ~m(); }; m::~m() {} struct s { m x; }; int f(s x) { return x.x.a; }",
        BREAK, False,
    ),
    Pair(
        "defaulted-dtor",
        "struct s { int a; }; int f(s x) { return x.a; }",
        "struct s { int a; ~s()=default; }; int f(s x) { return x.a; }",
        None, True,
    ),
    Pair(
        "move-only",
        "struct s { int a; }; int f(s x) { return x.a; }",
        "struct s { int a; s(s&&)=default; s(const s&)=delete; }; int f(s x) { return x.a; }",
        None, True,
    ),
    Pair(
        "deleted-copies",
        "struct s { int a; }; int f(s x) { return x.a; }",
        "struct s { int a; s(const s&)=delete; }; int f(s x) { return x.a; }",
        BREAK, False,
    ),
    Pair(
        "virtual-added-end",
        "struct s { virtual int a(); int x; }; int s::a() { return 0; }",
        "struct s { virtual int a(); virtual int b(); int x; }; int s::a() { return 0; } int s::b() { return 0; }",
        BREAK, False, CLASS,
    ),
    Pair(
        "virtual-added-mid",
        "struct s { virtual int a(); virtual int b(); }; int s::a() { return 0; }int s::b() { return 0; }",
        ("struct s { virtual int a(); virtual int n(); virtual int b(); }; int s::a() { return 0; } int "
        "s::b() { return 0; }int s::n() { return 0; }"),
        BREAK, False, CLASS,
    ),
    Pair(
        "virtual-reordered",
        "struct s { virtual int a(); virtual int b(); }; int s::a() { return 0; }int s::b() { return 0; }",
        "struct s { virtual int b(); virtual int a(); }; int s::a() { return 0; } int s::b() { return 0; }",
        BREAK, False, CLASS,
    ),
    Pair(
        "virtual-removed",
        "struct s { virtual int a(); virtual int b(); }; int s::a() { return 0; }int s::b() { return 0; }",
        "struct s { virtual int a(); int b(); }; int s::a() { return 0; } int s::b() { return 0; }",
        BREAK, False, CLASS,
    ),
    Pair(
        "virtual-dtor",
        "struct s { virtual int a(); int x; }; int s::a() { return 0; }",
        "struct s { virtual int a(); virtual ~s(); int x; }; int s::a() { return 0; } s::~s() {}",
        BREAK, False, CLASS,
    ),
    Pair(
        "virtual-pure",
        "struct s { virtual int k(); virtual int a(); }; int s::k() { return 0; }int s::a() { return 0; }",
        "struct s { virtual int k(); virtual int a()=0; }; int s::k() { return 0; }",
        BREAK, False, CLASS,
    ),
    Pair(
        "virtual-covariant",
        "struct s { virtual int k(); virtual s *a(); }; int s::k() { return 0; }s *s::a() { return 0; }",
        "struct s { virtual int k(); virtual void *a(); }; int s::k() { return 0; }void *s::a() { return 0; }",
        SOURCE, False, CLASS,
    ),
    Pair(
        "bases-swapped",
        "struct s:a, b { virtual int k(); };",
        "struct s:b, a { virtual int k(); };",
        BREAK, False, KEY, BASES,
    ),
    Pair(
        "base-became-virtual",
        "struct s:a { virtual int k(); };",
        "struct s:virtual a { virtual int k(); };",
        BREAK, False, KEY, BASES,
    ),
    Pair(
        "base-added",
        "struct s:a { virtual int k(); };",
        "struct s:a, b { virtual int k(); };",
        BREAK, False, KEY, BASES,
    ),
    Pair(
        "override-added",
        "struct s:a { virtual int k(); int z; }; int s::k() { return 0; }",
        ("struct s:a { virtual int k(); int fa()override; int z; }; int s::k() { return 0; }int s::fa() { "
        "return 0; }"),
        RISK, True, CLASS, BASES,
    ),
    Pair(
        "base-virtual-added-in-second",
        "struct s:a, b { virtual int k(); };",
        "struct s:b { virtual int k(); int y; };",
        BREAK, False, KEY, BASES,
    ),
    Pair("empty-base", "struct s { int x; };", "struct e {}; struct s:e { int x; };", SOURCE, True, CLASS, BASES),
    Pair(
        "virtual-bases-swapped",
        "struct s:virtual a, virtual b { virtual int k(); };",
        "struct s:virtual b, virtual a { virtual int k(); };",
        BREAK, False, KEY, BASES,
    ),
    Pair("noexcept-argument", "void f(void(*x)()noexcept) {}", "void f(void(*x)()) {}", BREAK, False),
    Pair(
        "static-member",
        "struct s { static int a; int b; }; int s::a;",
        "struct s { static long a; int b; }; long s::a;",
        BREAK, False, CLASS,
    ),
    Pair(
        "static-const-value",
        "struct s { static const int a=1; int b; };",
        "struct s { static const int a=2; int b; };",
        RISK, True, CLASS,
    ),
    Pair(
        "static-constexpr-value",
        "struct s { static constexpr int a=1; int b; };",
        "struct s { static constexpr int a=2; int b; };",
        RISK, True, CLASS,
    ),
    Pair(
        "member-const",
        "struct s { int a; int g(); }; int s::g() { return 0; }",
        "struct s { int a; int g() const; }; int s::g() const { return 0; }",
        BREAK, False,
    ),
    Pair(
        "method-became-static",
        "struct s { int a; int g(); }; int s::g() { return 0; }",
        "struct s { int a; static int g(); }; int s::g() { return 0; }",
        BREAK, False,
    ),
    Pair(
        "ref-to-pointer",
        "struct q { int a; }; extern \"C\" int f(q&x) { return 0; }",
        "struct q { int a; }; extern \"C\" int f(q *x) { return 0; }",
        BREAK, False,
    ),
    Pair(
        "memptr",
        "struct q { int a; }; extern \"C\" int f(int q::*x) { return 0; }",
        "struct q { int a; }; extern \"C\" int f(int (q::*x)()) { return 0; }",
        BREAK, False,
    ),
    Pair(
        "class-of-member-pointer",
        "struct q { int a; int b; }; int f(int q::*x) { return 0; }",
        "struct q { long b; int a; }; int f(int q::*x) { return 0; }",
        BREAK, False,
    ),
    Pair(
        "no-unique-address",
        "struct e {}; struct s { e a; int b; };",
        "struct e {}; struct s { [[no_unique_address]] e a; int b; };",
        BREAK, False, CLASS,
    ),
    Pair("struct-to-class", "struct s { int a; };", "class s { public: int a; };", None, True, CLASS),
    Pair(
        "covariant-second-base",
        ("struct a { virtual int x(); int i; }; struct b { virtual b *c(); int j; }; struct d:a, b { "
        "virtual b *c(); }; int a::x() { return 0; } b *b::c() { return 0; } b *d::c() { return 0; } int "
        "f(d *q) { return 0; }"),
        ("struct a { virtual int x(); int i; }; struct b { virtual b *c(); int j; }; struct d:a, b { "
        "virtual d *c(); }; int a::x() { return 0; } b *b::c() { return 0; } d *d::c() { return 0; } int "
        "f(d *q) { return 0; }"),
        BREAK, False,
    ),
    Pair(
        "bool-enum-underlying",
        "enum e:unsigned char { a }; int f(e *q) { return 0; }",
        "enum e:bool { a }; int f(e *q) { return 0; }",
        None, True,
    ),
    Pair(
        "nested-class",
        "struct o { struct s { int a; }; s *p; }; int f(o *x) { return 0; }",
        "struct o { struct s { long a; }; s *p; }; int f(o *x) { return 0; }",
        BREAK, False,
    ),
    Pair(
        "tail-padding-reuse",
        "struct b { long l; char c; b(); }; b::b() {} struct s:b { char d; };",
        "struct b { long l; char c; char c2; b(); }; b::b() {} struct s:b { char d; };",
        BREAK, False, CLASS,
    ),
    Pair(
        "pod-became-nonpod-base",
        "struct b { long l; char c; }; struct s:b { char d; };",
        "struct b { long l; private: char c; }; struct s:b { char d; };",
        BREAK, False, CLASS,
    ),
    Pair(
        "unexported-inline-virtual",
        "struct s { virtual ~s() {} virtual int a() { return 1; } int x; }; int f(s *q) { return q->a(); }",
        ("struct s { virtual ~s() {} virtual int b() { return 1; } virtual int a() { return 1; } int x; "
        "}; int f(s *q) { return q->a(); }"),
        BREAK, False,
    ),
    Pair(
        "enum-forward",
        "enum class e:short; int f(e *q) { return 0; }",
        "enum class e:short { a, b }; int f(e *q) { return int(*q); }",
        None, True,
    ),
    Pair(
        "template-nontype",
        "template<int N>struct q { char a[N]; }; int f(q<3>*x) { return sizeof(*x); }",
        "template<int N>struct q { char a[N+1]; }; int f(q<3>*x) { return sizeof(*x); }",
        BREAK, False,
    ),
    Pair("virtual-result", "struct s { virtual int k(); };", "struct s { virtual long k(); };", BREAK, False, RESULT),
    Pair(
        "record-in-a-virtual-function-alone",
        "struct q { int a; }; struct s { virtual int k(); virtual int m(q *) { return 0; } };",
        "struct q { long a; }; struct s { virtual int k(); virtual int m(q *) { return 0; } };",
        BREAK, False, KEY,
    ),
    Pair(
        "class-passed-to-a-virtual-function-alone",
        "struct q { int a; }; struct s { virtual int k(); virtual int m(q) { return 0; } };",
        "struct q { int a; ~q() {} }; struct s { virtual int k(); virtual int m(q) { return 0; } };",
        BREAK, False, KEY,
    ),
    Pair(
        "enumeration-in-a-class",
        "struct s { enum e { A, B }; int x; }; int f(s *x) { return x->x + s::A; }",
        "struct s { enum e { B, A }; int x; }; int f(s *x) { return x->x + s::A; }",
        BREAK, False,
    ),
    Pair(
        "nameless-enumeration-in-a-class",
        "struct s { enum { A, B }; int x; }; int f(s *x) { return x->x + s::A; }",
        "struct s { enum { A = 2, B }; int x; }; int f(s *x) { return x->x + s::A; }",
        BREAK, False,
    ),
    Pair(
        "copy-of-what-is-volatile",
        "struct s { int a; s(const s &) = default; }; int f(s x) { return x.a; }",
        "struct s { int a; s(const s &) = default; s(const volatile s &) {} }; int f(s x) { return x.a; }",
        BREAK, False,
    ),
    *(
        Pair(
            f"{container}-of-values",
            "struct P { int x; };",
            "struct P { float x; };",
            BREAK, False,
            f"bool operator<(P, P); int f(std::{container}<{key}P> &x) {{ return x.empty(); }}",
            f"#include <{container}>\n",
        )
        for container, key in (("list", ""), ("set", ""), ("map", "int, "), ("unordered_map", "int, "))
    ),
    Pair(
        "values-of-a-nested-container",
        "struct P { int x; };",
        "struct P { float x; };",
        BREAK, False,
        "int f(std::list<std::list<P> *> &x) { return x.front()->size(); }",
        "#include <list>\n",
    ),
    Pair("became-explicit", "struct s { s(int); };", "struct s { explicit s(int); };", SOURCE, True, " s::s(int) {}"),
    Pair("became-final", "struct s { int a; };", "struct s final { int a; };", None, True, CLASS),
)  # fmt: skip
