//! Who is at the other end of a socket. (rustix reads a process number into a type that can't be
//! zero; it is zero for somebody outside this PID namespace.)

use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr;

/// Who has sent a datagram, as the kernel knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sender {
    /// Zero when it is outside this PID namespace.
    pub(crate) pid: i32,
    pub(crate) uid: u32,
}

/// Room for one control message with credentials, aligned as the kernel wants it.
#[repr(C)]
union Control {
    _header: libc::cmsghdr,
    bytes: [u8; 64],
}

/// Receives one datagram, without waiting. `SO_PASSCRED` has to be set on `socket`. Descriptors
/// that somebody sends along find no room, and are closed by the kernel.
pub(crate) fn receive(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
) -> io::Result<(usize, Option<Sender>)> {
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let mut control = Control { bytes: [0; 64] };
    // SAFETY: all of its fields may be zero.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = (&raw mut control).cast();
    // SAFETY: takes a number.
    let room = unsafe { libc::CMSG_SPACE(size_of::<libc::ucred>().try_into().unwrap_or(0)) };
    header.msg_controllen = room.try_into().unwrap_or(0);
    let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    // SAFETY: the header points to buffers that are valid for the lengths it names.
    let count = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, flags) };
    let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: the kernel has filled the header in.
    let message = unsafe { libc::CMSG_FIRSTHDR(&raw const header) };
    if message.is_null() {
        return Ok((count, None));
    }
    // SAFETY: it points into `control`, to a whole header.
    let kind = unsafe { ptr::read_unaligned(message) };
    if kind.cmsg_level != libc::SOL_SOCKET || kind.cmsg_type != libc::SCM_CREDENTIALS {
        return Ok((count, None));
    }
    // SAFETY: the data of this message begin there.
    let data = unsafe { libc::CMSG_DATA(message) };
    // SAFETY: credentials are a `ucred`, whole, since there was room for it.
    let sender = unsafe { ptr::read_unaligned(data.cast::<libc::ucred>()) };
    Ok((count, Some(Sender { pid: sender.pid, uid: sender.uid })))
}

/// User and process at the other end of a connection, as the kernel knew them when it was made.
pub(crate) fn peer(socket: BorrowedFd<'_>) -> io::Result<(u32, i32)> {
    let mut peer = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut length = libc::socklen_t::try_from(size_of::<libc::ucred>()).unwrap_or(0);
    // SAFETY: the kernel writes no more than `length` bytes into `peer`, where any bytes will do.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut length,
        )
    };
    if result == 0 { Ok((peer.uid, peer.pid)) } else { Err(io::Error::last_os_error()) }
}
