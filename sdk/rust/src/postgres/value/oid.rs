//! The OIDs of the server's own types that are read in a way of their own. They never change.

pub(super) const BOOL: u32 = 16;
pub(super) const BYTEA: u32 = 17;
pub(super) const INT8: u32 = 20;
pub(super) const INT2: u32 = 21;
pub(super) const INT4: u32 = 23;
pub(super) const OID: u32 = 26;
pub(super) const JSON: u32 = 114;
pub(super) const FLOAT4: u32 = 700;
pub(super) const FLOAT8: u32 = 701;
pub(super) const TIMESTAMP: u32 = 1114;
pub(super) const TIMESTAMPTZ: u32 = 1184;
pub(super) const TIMETZ: u32 = 1266;
pub(super) const JSONB: u32 = 3802;

/// The type of the elements of an array type. 0: it is not known, or not an array.
pub(super) fn element(array: u32) -> u32 {
    match array {
        1000 => BOOL,
        1001 => BYTEA,
        1005 => INT2,
        1007 => INT4,
        1016 => INT8,
        1028 => OID,
        199 => JSON,
        1021 => FLOAT4,
        1022 => FLOAT8,
        1115 => TIMESTAMP,
        1185 => TIMESTAMPTZ,
        1270 => TIMETZ,
        3807 => JSONB,
        _ => 0,
    }
}

/// Whether this is an array of a built-in type whose elements have no form of their own, such as `text[]`.
pub(super) fn is_plain_array(oid: u32) -> bool {
    matches!(
        oid,
        // name, text, bpchar, varchar, date, time, numeric, interval, uuid, inet, cidr, macaddr, xml
        1003 | 1009 | 1014 | 1015 | 1182 | 1183 | 1231 | 1187 | 2951 | 1041 | 651 | 1040 | 143
    )
}
