//! Tries the addresses of a server one after the other. Knows nothing of the host, so that unit tests can run it.

use super::TcpError;

/// Opens a connection to the first address that accepts one. An address that fails in any way is followed by the next
/// one, unless the time of the whole call is over. `None`: there is no address.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only a component connects"))]
pub(super) fn open_first<A, C>(
    addresses: Vec<A>,
    is_over: impl Fn() -> bool,
    mut open: impl FnMut(A) -> Result<C, TcpError>,
) -> Option<Result<C, TcpError>> {
    let mut last = None;
    for address in addresses {
        let opened = open(address);
        if opened.is_ok() || is_over() {
            return Some(opened);
        }
        last = Some(opened);
    }
    last
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn timeout() -> TcpError {
        TcpError::Timeout { server: "a.example:25".to_owned() }
    }

    /// The addresses that were tried, and the result. Those below `working` do not answer in time, and the caller's
    /// time is over after `most` of them.
    fn tried(addresses: Vec<u8>, working: u8, most: usize) -> (Vec<u8>, Option<Result<u8, TcpError>>) {
        let tried = RefCell::new(Vec::new());
        let open = |address| {
            tried.borrow_mut().push(address);
            if address < working { Err(timeout()) } else { Ok(address) }
        };
        let result = open_first(addresses, || tried.borrow().len() >= most, open);
        (tried.into_inner(), result)
    }

    #[test]
    fn an_address_that_does_not_answer_is_followed_by_the_next_one() {
        assert_eq!(tried(vec![1, 2, 3, 4], 3, 10), (vec![1, 2, 3], Some(Ok(3))));
    }

    #[test]
    fn no_address_is_tried_after_the_callers_time_is_over() {
        assert_eq!(tried(vec![1, 2, 3], 3, 2), (vec![1, 2], Some(Err(timeout()))));
    }

    #[test]
    fn the_last_error_is_the_result_if_no_address_accepts() {
        assert_eq!(tried(vec![1, 2], 3, 10), (vec![1, 2], Some(Err(timeout()))));
        assert_eq!(tried(vec![], 3, 10), (vec![], None));
    }
}
