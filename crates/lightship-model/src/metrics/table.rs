//! The table. Names, once released, do not change.

use super::{Kind, Metric};

macro_rules! table {
    ($($id:ident: $kind:ident $name:literal [$($label:literal),*] $unit:literal, $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $id: Metric = Metric {
                name: $name,
                kind: Kind::$kind,
                unit: $unit,
                labels: &[$($label),*],
                help: $help,
            };
        )*

        /// Every metric there is, in the order in which they are written.
        pub static ALL: &[&Metric] = &[$(&$id),*];
    };
}

table! {
    BUILD: Info "lightship_build_info" ["version", "target"] "",
        "The lightship that answers; always 1.";
    STARTED: Gauge "lightship_start_time_seconds" [] "seconds",
        "When lightship started, in seconds since the Unix epoch.";
    UP: Gauge "lightship_up_seconds" [] "seconds",
        "How long lightship has been running.";
    STATUS: Gauge "lightship_status" ["status"] "",
        "1 for the verdict of health that holds (`healthy`, `degraded`, `unhealthy`), 0 for the others.";

    GATEWAY_UP: Gauge "lightship_gateway_up" [] "",
        "1 while the service's process runs.";
    GATEWAY_READY: Gauge "lightship_gateway_ready" [] "",
        "1 while the service is ready.";
    GATEWAY_STARTS: Counter "lightship_gateway_starts_total" [] "",
        "Processes of the service that were started.";
    GATEWAY_RESTARTS: Counter "lightship_gateway_restarts_total" ["reason"] "",
        "Restarts of the service, by what ended it: `exit`, `signal`, `probe` (liveness) or `oom` (the container's memory).";
    GATEWAY_LAST_EXIT: Gauge "lightship_gateway_last_exit_code" [] "",
        "Exit code of the service's last process that ended; 128 and the number for a signal.";
    GATEWAY_BACKOFF: Gauge "lightship_gateway_backoff_seconds" [] "seconds",
        "The pause before the restart that is being waited for; 0 while none is.";
    GATEWAY_TIME_TO_READY: Gauge "lightship_gateway_time_to_ready_seconds" [] "seconds",
        "How long the service's last process that became ready took for it.";

    LOADER_STATE: Gauge "lightship_loader_state" ["state"] "",
        "1 for the loader's state (`waiting`, `running`, `restarting`, `complete`, `failed`), 0 for the others.";
    LOADER_RESTARTS: Counter "lightship_loader_restarts_total" [] "",
        "Restarts of a loader that ended before its work.";
    VOLUME_USABLE: Gauge "lightship_volume_usable" [] "",
        "1 when tools live on the tool directory's volume, 0 when they had to go elsewhere.";
    VOLUME_FREE: Gauge "lightship_volume_free_bytes" [] "bytes",
        "Room on the tool directory's volume when the loader last looked.";
    TOOLS: Gauge "lightship_tools" ["state"] "",
        "Tools of the manifest by state: `pending`, `installing`, `installed`, `failed`, `skipped`.";
    TOOL_STATE: Gauge "lightship_tool_state" ["tool", "state"] "",
        "1 for the state that the tool is in, 0 for the others.";
    TOOL_INSTALLS: Counter "lightship_tool_installs_total" ["tool", "result"] "",
        "Attempts to install the tool that have ended, by result: `installed`, `failed`.";
    TOOL_DURATION: Gauge "lightship_tool_install_duration_seconds" ["tool"] "seconds",
        "How long the tool's last attempt took.";
    TOOL_PROGRESS: Gauge "lightship_tool_progress_ratio" ["tool"] "ratio",
        "How far the tool's current phase is, from 0 to 1, where its end is known; 1 when it is installed.";
    TOOL_DOWNLOADED: Counter "lightship_tool_downloaded_bytes_total" ["tool"] "bytes",
        "Bytes downloaded for the tool, by all attempts.";

    PROBE_SUCCESS: Gauge "lightship_probe_success" ["probe"] "",
        "Whether the last probe (`ready`, `live`) of the service said yes.";
    PROBE_DURATION: Gauge "lightship_probe_duration_seconds" ["probe"] "seconds",
        "How long the last probe took.";
    ORPHANS: Counter "lightship_orphans_reaped_total" [] "",
        "Processes reaped that lightship had not started itself.";
    SIGNALS: Counter "lightship_signals_received_total" ["signal"] "",
        "Signals that lightship received, by name.";
    LOG_DROPPED: Counter "lightship_log_lines_dropped_total" ["stream"] "",
        "Lines of the service (`stdout`, `stderr`) that were dropped because nobody took them.";
    HTTP_REQUESTS: Counter "lightship_http_requests_total" ["path", "code"] "",
        "Requests answered, by route and status code.";
    HTTP_CONNECTIONS: Gauge "lightship_http_connections" [] "",
        "Open connections, streams of events among them.";
    EVENT_CLIENTS: Gauge "lightship_event_clients" [] "",
        "Clients of the stream of events.";

    RESIDENT: Gauge "process_resident_memory_bytes" [] "bytes",
        "Resident memory of lightship itself.";
    CPU: Counter "process_cpu_seconds_total" [] "seconds",
        "Processor time that lightship itself used.";
    OPEN_FDS: Gauge "process_open_fds" [] "",
        "Descriptors that lightship itself has open.";
    PROCESS_STARTED: Gauge "process_start_time_seconds" [] "seconds",
        "When lightship started, under the name that dashboards look for.";
}
