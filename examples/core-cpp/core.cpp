#include "core.hpp"

namespace geometry {

int precision = 2;
int Shape::count = 0;

Error::Error(const std::string &what) : std::runtime_error(what) {}
Error::~Error() = default;

Shape::Shape(int sides) : sides_(sides) { count++; }
Shape::~Shape() { count--; }
double Shape::area() const { return sides_ * 1.5; }

double area(const Shape &shape) { return shape.area(); }

double area(int width, int height)
{
    if (width < 0 || height < 0)
        throw Error("negative size");
    return double(width) * height;
}

std::string name(const Shape &shape) { return "shape with " + std::to_string(shape.sides()) + " sides"; }

Shape operator+(const Shape &a, const Shape &b) { return Shape(a.sides() + b.sides()); }

}  // namespace geometry
