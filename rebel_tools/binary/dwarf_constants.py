"""The numbers of DWARF 2 to 5 that are read. Source: DWARF 5, sections 7.5 and 7.8; GNU extensions of GCC."""

from __future__ import annotations


class Tag:
    ARRAY = 0x01
    CLASS = 0x02
    ENUMERATION = 0x04
    FORMAL_PARAMETER = 0x05
    MEMBER = 0x0D
    POINTER = 0x0F
    REFERENCE = 0x10
    COMPILE_UNIT = 0x11
    STRUCTURE = 0x13
    SUBROUTINE = 0x15
    TYPEDEF = 0x16
    UNION = 0x17
    UNSPECIFIED_PARAMETERS = 0x18
    IMPORTED_UNIT = 0x3D
    INHERITANCE = 0x1C
    MODULE = 0x1E
    PTR_TO_MEMBER = 0x1F
    SUBRANGE = 0x21
    BASE = 0x24
    CONST = 0x26
    ENUMERATOR = 0x28
    TEMPLATE_TYPE = 0x2F
    SUBPROGRAM = 0x2E
    VARIABLE = 0x34
    VOLATILE = 0x35
    RESTRICT = 0x37
    INTERFACE = 0x38
    NAMESPACE = 0x39
    UNSPECIFIED = 0x3B
    PARTIAL_UNIT = 0x3C
    VARIANT_PART = 0x33
    RVALUE_REFERENCE = 0x42
    TYPE_UNIT = 0x41
    ATOMIC = 0x47
    TEMPLATE_PACK = 0x4107


class At:
    SIBLING = 0x01
    LOCATION = 0x02
    NAME = 0x03
    BYTE_SIZE = 0x0B
    BIT_OFFSET = 0x0C
    BIT_SIZE = 0x0D
    STMT_LIST = 0x10
    LOW_PC = 0x11
    IMPORT = 0x18
    LANGUAGE = 0x13
    CONST_VALUE = 0x1C
    PRODUCER = 0x25
    PROTOTYPED = 0x27
    UPPER_BOUND = 0x2F
    ABSTRACT_ORIGIN = 0x31
    ARTIFICIAL = 0x34
    CALLING_CONVENTION = 0x36
    COUNT = 0x37
    DATA_MEMBER_LOCATION = 0x38
    ACCESSIBILITY = 0x32
    DECL_FILE = 0x3A
    DECL_LINE = 0x3B
    DECLARATION = 0x3C
    ENCODING = 0x3E
    EXTERNAL = 0x3F
    SPECIFICATION = 0x47
    TYPE = 0x49
    VIRTUALITY = 0x4C
    VTABLE_ELEM_LOCATION = 0x4D
    CONTAINING_TYPE = 0x1D
    EXPLICIT = 0x63
    NORETURN = 0x87
    ALIGNMENT = 0x88
    SIGNATURE = 0x69
    DATA_BIT_OFFSET = 0x6B
    LINKAGE_NAME = 0x6E
    DELETED = 0x8A
    DEFAULTED = 0x8B
    STR_OFFSETS_BASE = 0x72
    ADDR_BASE = 0x73
    COMP_DIR = 0x1B
    DWO_NAME = 0x76
    MIPS_LINKAGE_NAME = 0x2007
    GNU_VECTOR = 0x2107
    GNU_DWO_NAME = 0x2130
    GNU_DWO_ID = 0x2131
    GNU_ADDR_BASE = 0x2133


class Form:
    ADDR = 0x01
    BLOCK2 = 0x03
    BLOCK4 = 0x04
    DATA2 = 0x05
    DATA4 = 0x06
    DATA8 = 0x07
    STRING = 0x08
    BLOCK = 0x09
    BLOCK1 = 0x0A
    DATA1 = 0x0B
    FLAG = 0x0C
    SDATA = 0x0D
    STRP = 0x0E
    UDATA = 0x0F
    REF_ADDR = 0x10
    REF1 = 0x11
    REF2 = 0x12
    REF4 = 0x13
    REF8 = 0x14
    REF_UDATA = 0x15
    INDIRECT = 0x16
    SEC_OFFSET = 0x17
    EXPRLOC = 0x18
    FLAG_PRESENT = 0x19
    STRX = 0x1A
    ADDRX = 0x1B
    REF_SUP4 = 0x1C
    STRP_SUP = 0x1D
    DATA16 = 0x1E
    LINE_STRP = 0x1F
    REF_SIG8 = 0x20
    IMPLICIT_CONST = 0x21
    LOCLISTX = 0x22
    RNGLISTX = 0x23
    REF_SUP8 = 0x24
    STRX1 = 0x25
    STRX2 = 0x26
    STRX3 = 0x27
    STRX4 = 0x28
    ADDRX1 = 0x29
    ADDRX2 = 0x2A
    ADDRX3 = 0x2B
    ADDRX4 = 0x2C
    GNU_ADDR_INDEX = 0x1F01
    GNU_STR_INDEX = 0x1F02
    GNU_REF_ALT = 0x1F20
    GNU_STRP_ALT = 0x1F21


class Encoding:
    BOOLEAN = 0x02
    DECIMAL_FLOAT = 0x0F
    COMPLEX_FLOAT = 0x03
    FLOAT = 0x04
    SIGNED = 0x05
    SIGNED_CHAR = 0x06
    UNSIGNED = 0x07
    UNSIGNED_CHAR = 0x08
    UTF = 0x10
    ASCII = 0x12


CONVENTIONS = {
    0xB1: "stdcall", 0xB2: "pascal", 0xB3: "fastcall", 0xB5: "thiscall", 0xC0: "vectorcall", 0xC1: "ms", 0xC2: "sysv",
    0xC3: "aapcs", 0xC4: "aapcs-vfp", 0xC8: "swift", 0xC9: "preserve_most", 0xCA: "preserve_all", 0xCB: "regcall",
}  # fmt: skip
"""DW_CC_BORLAND_* and DW_CC_LLVM_* as clang writes them; GCC writes none."""

BY_REFERENCE, BY_VALUE = 4, 5
"""DW_CC_pass_by_reference and DW_CC_pass_by_value of a class; clang writes them, GCC does not."""

ASSEMBLERS = frozenset({0x8001, 0x31})
"""DW_LANG_Mips_Assembler, which GNU as writes, and DW_LANG_Assembly: their functions have no real prototypes."""

C_LANGUAGES = frozenset({0x01, 0x02, 0x0C, 0x1D, 0x2C, 0x3E})
"""DW_LANG_C89, _C, _C99, _C11, _C17, _C23."""

CPLUSPLUS = frozenset({0x04, 0x1A, 0x21, 0x2B, 0x3A})
"""DW_LANG_C_plus_plus, _11, _14, _17, _20: languages with scopes."""
