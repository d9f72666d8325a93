#include "core.hpp"

namespace all {

Left::~Left() {}
int Right::right() { return 1; }
int Both::right() { return 2; }
template struct Box<long>;
Everything::Everything() : Everything(1) {}
Everything::Everything(int, ...) : nested(), pmf(nullptr), pmd(nullptr), m(0) {}
Everything::Everything(const Everything &) : Everything() {}
Everything::Everything(Everything &&) noexcept {}
Everything::~Everything() {}
Everything &Everything::operator=(const Everything &) & { return *this; }
int Everything::operator()(int) const { return 1; }
int Everything::operator[](unsigned) const volatile { return 1; }
Everything::operator bool() const { return true; }
Everything::operator const char *() const { return ""; }
Everything *Everything::operator->() { return this; }
Everything Everything::operator-() const && { return Everything(); }
Everything &Everything::operator++() { return *this; }
Everything Everything::operator++(int) { return Everything(); }
void *Everything::operator new(std::size_t n) { return ::operator new(n); }
void Everything::operator delete(void *p) { ::operator delete(p); }
int Everything::stat(int) { return 1; }
int Everything::data = 1;
int Everything::Nested::go() const { return 1; }
int Everything::prot() { return priv(); }
int Everything::priv() { return m; }
bool operator<(const Everything &, const Everything &) { return false; }
bool operator==(Plain, Scoped) { return false; }
Everything operator""_all(unsigned long long) { return Everything(); }
Both &make(Left *, const Right &, Both &&) { static Both b; return b; }
int scoped(Scoped, Plain, Value, const Bits &, Aligned *, Box<int>, Box<long> &b, WithEmpty) { return int(b.get()); }
void arrays(int (&)[3], const char *(*)[2], int (*)(Empty), int (&)(double), decltype(nullptr)) {}
void members(int Everything::*, int (Everything::*)(int) const) {}
std::string strings(const std::string &s, std::string &&, std::vector<std::map<int, std::string>>) { return s; }
int functions(std::function<int(int)> f, std::initializer_list<int>, std::shared_ptr<Both>) { return f(1); }
void defaults(int, const char *) noexcept {}
void fail(const char *what) { throw std::runtime_error(what); }
auto deduced(int) -> long { return 1; }
char16_t chars(char, signed char, unsigned char, char16_t, char32_t, wchar_t) { return 'x'; }
long double floats(float, double, long double x) { return x; }
Everything *global;
const Box<int> boxes[2] = {};
namespace deep { inline namespace v2 { namespace er { int deeper(Left &l) { return l.l; } int variable; } } }

}  // namespace all

extern "C" {
int c_function(struct all_opaque *) { return 1; }
int c_data;
}
