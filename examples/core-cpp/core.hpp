// The interface of a C++ core: a class with virtual functions, overloads, an operator and data.
#ifndef CORE_HPP
#define CORE_HPP

#include <stdexcept>
#include <string>

namespace geometry {

struct Error : std::runtime_error {
    explicit Error(const std::string &what);
    ~Error() override;
};

class Shape {
public:
    explicit Shape(int sides);
    virtual ~Shape();
    virtual double area() const;
    int sides() const { return sides_; }
    static int count;

private:
    int sides_;
};

double area(const Shape &shape);
double area(int width, int height);
std::string name(const Shape &shape);
Shape operator+(const Shape &a, const Shape &b);
extern int precision;

}  // namespace geometry

#endif
