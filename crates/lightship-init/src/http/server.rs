//! The server: HTTP/1 on one thread, with bounds on everything that a client could pile up.

use std::convert::Infallible;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;

use super::answer::{Answer, answer, is_temporary};
use crate::view::View;

/// More connections than this at once are closed unanswered.
const MAX_CONNECTIONS: usize = 256;
/// A client that says nothing for so long, or is so slow with its request, is let go.
const HEADER_WITHIN: Duration = Duration::from_secs(10);
/// The least that hyper takes.
const BUFFER: usize = 8 * 1024;
/// When no connection can be taken (out of descriptors), try again after this time.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers on `listener` for ever. Has to run on the runtime's local set.
pub(crate) async fn serve(listener: TcpListener, view: Rc<View>) {
    let open = Rc::new(());
    loop {
        match listener.accept().await {
            Ok((stream, _)) if Rc::strong_count(&open) <= MAX_CONNECTIONS => {
                let (view, guard) = (Rc::clone(&view), Rc::clone(&open));
                spawn_local(async move {
                    // What goes wrong on a connection is its client's concern.
                    connection(stream, view).await.unwrap_or_default();
                    drop(guard);
                });
            }
            Ok((stream, _)) => drop(stream),
            Err(error) => pause_after(&error).await,
        }
    }
}

/// Without a pause, an error that stays would keep PID 1 busy for ever.
async fn pause_after(error: &io::Error) {
    let of_the_client = [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::Interrupted,
    ];
    if !of_the_client.contains(&error.kind()) {
        tokio::time::sleep(PAUSE).await;
    }
}

async fn connection(stream: TcpStream, view: Rc<View>) -> hyper::Result<()> {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = respond(&request, &view);
        async move { Ok::<_, Infallible>(response) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_WITHIN)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

fn respond(request: &Request<Incoming>, view: &View) -> Response<Full<Bytes>> {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let answer = answer(reads, request.uri().path(), request.uri().query(), view);
    into_response(answer)
}

fn into_response(answer: Answer) -> Response<Full<Bytes>> {
    let Answer { status, content_type, body } = answer;
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if is_temporary(status) {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if status == StatusCode::METHOD_NOT_ALLOWED.as_u16() {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
