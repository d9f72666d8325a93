"""The calls that are made in the translated programs and in plain Python: (module, function, arguments, result)."""


def ints(module: str, function: str, *arguments) -> list:
    return [(module, function, [a] if not isinstance(a, tuple) else list(a), "int") for a in arguments]


FUNCTIONS = [
    *ints("ext_a", "a_twice", (20, 1), (-3, 3)),
    ("ext_a", "a_loud", ["abc"], "str"),
    *ints("ext_a", "a_sum_to", 0, 10),
    *ints("ext_a", "a_squares", 9),
    *ints("ext_a", "a_generator", 0, 7),
    ("ext_a", "a_float", [1.5], "float"),
    *ints("ext_a", "a_lookup", "a", "z"),
]
OPAQUE = ints("ext_a", "a_ticket", 4, 100)
FIELDS = ints("ext_a", "a_fields", 4, -7)
METHODS = [*ints("ext_a", "a_methods", 4, 0), ("ext_a", "a_describe", [4], "str")]
EXCEPTIONS = [
    *ints("ext_a", "a_catch", 1, -4, 101, 50),
    *ints("ext_a", "a_catch_base", 1, -4, 101, 50),
    *ints("ext_a", "a_escape", 1, -4, 101, 50),
]
SUBCLASSES = [
    *ints("ext_a", "a_override", 5),
    *ints("ext_a", "a_guarded", 5, -3, 77),
    ("ext_a", "a_inherited", [3], "str"),
    *ints("ext_a", "a_big", 3),
    *ints("ext_a", "a_isinstance", 0, 1, 2, 3, 4),
    *ints("ext_a", "a_own_catch", 5, -3, 77),
    *ints("ext_a", "a_twice_error", 3),
]
SHARED = [
    *ints("ext_a", "a_register", 3),
    *ints("ext_b", "b_same", "hello"),
    ("ext_a", "a_registry", [], "int"),
    ("ext_a", "a_zero", [], "str"),
]
COLLECTOR = [
    *ints("ext_b", "b_tree", 6, 10),
    *ints("ext_b", "b_prebuilt", 1000),
    *ints("ext_b", "b_dict", 1000),
    *ints("ext_b", "b_del", 100),
    *ints("ext_b", "b_weakref", 3),
    *ints("ext_b", "b_array", 2000),
]
FINALIZERS = [*ints("ext_b", "b_temp", 50), *ints("ext_b", "b_core_queue", 20), *ints("ext_b", "b_own_queue", 10)]
MEMO = ints("ext_b", "b_memo", *range(12)) + ints("ext_b", "b_memo_received", *range(9))
ALL = FUNCTIONS + OPAQUE + FIELDS + METHODS + EXCEPTIONS + SUBCLASSES + SHARED + COLLECTOR + FINALIZERS + MEMO
