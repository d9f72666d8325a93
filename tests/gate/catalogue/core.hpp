// Every kind of declaration that C++ has and that a library can export.
#pragma once
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace all {

struct Left { virtual ~Left(); int l; };
struct Right { virtual int right(); int r; };
struct Both : Left, private Right { int right() override; char tail[3]; };
struct Empty {};
struct WithEmpty : Empty { int x; };
union Value { int i; double d; Value *next; };
struct Bits { unsigned a : 3; bool b : 1; long c : 40; };
struct alignas(32) Aligned { char c; };
template <class T> struct Box { T value; Box<T> *next; T get() const { return value; } };
extern template struct Box<long>;

enum Plain { P1 = -1, P2 };
enum class Scoped : unsigned char { S1, S2 = 200 };

class Everything {
public:
    Everything();
    Everything(int, ...);
    Everything(const Everything &);
    Everything(Everything &&) noexcept;
    ~Everything();
    Everything &operator=(const Everything &) &;
    Everything &operator=(Everything &&) = default;
    int operator()(int) const;
    int operator[](unsigned) const volatile;
    explicit operator bool() const;
    operator const char *() const;
    Everything *operator->();
    Everything operator-() const &&;
    Everything &operator++();
    Everything operator++(int);
    static void *operator new(std::size_t);
    static void operator delete(void *);
    static int stat(int);
    static int data;
    static const int constant = 7;
    template <class T> int generic(T);
    friend bool operator<(const Everything &, const Everything &);
    struct Nested { int go() const; enum Kind { K1, K2 } kind; Everything *owner; } nested;
    void (Everything::*pmf)(int);
    int Everything::*pmd;
    std::unique_ptr<int> owned;

protected:
    int prot();

private:
    int priv();
    mutable int m;
};

bool operator<(const Everything &, const Everything &);
bool operator==(Plain, Scoped);
Everything operator""_all(unsigned long long);
Both &make(Left *, const Right &, Both &&);
int scoped(Scoped, Plain, Value, const Bits &, Aligned *, Box<int>, Box<long> &, WithEmpty);
void arrays(int (&)[3], const char *(*)[2], int (*)(Empty), int (&)(double), decltype(nullptr));
void members(int Everything::*, int (Everything::*)(int) const);
std::string strings(const std::string &, std::string &&, std::vector<std::map<int, std::string>>);
int functions(std::function<int(int)>, std::initializer_list<int>, std::shared_ptr<Both>);
void defaults(int a = 3, const char *s = "x") noexcept;
[[noreturn]] void fail(const char *);
auto deduced(int) -> long;
char16_t chars(char, signed char, unsigned char, char16_t, char32_t, wchar_t);
long double floats(float, double, long double);
extern Everything *global;
extern const Box<int> boxes[2];
namespace deep { inline namespace v2 { namespace er { int deeper(Left &); extern int variable; } } }
template <class T> T templ(T x) { return x; }
inline int inl(int x) { return x; }
static int stat_fun(int);
constexpr int cexpr(int x) { return x; }

}  // namespace all

extern "C" {
int c_function(struct all_opaque *);
extern int c_data;
}
