"""The Grafana dashboards as code: `python deploy/telemetry/dashboards/generate.py` writes the JSON.

`make generate` calls it; a test compares the files, and `make rules` runs every query on a real
Prometheus over the metrics of a running danchu.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent
WIDTH, HEIGHT, COLUMNS = 8, 8, 3
RATE = "$__rate_interval"
REQUESTS = "http_server_request_duration_seconds"
JOB = 'job=~"danchu.*"'


class Panel(NamedTuple):
    """A panel: its titles, the unit of Grafana, and its queries with their legends."""

    vi: str
    en: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    kind: str = "timeseries"


class Dashboard(NamedTuple):
    """A dashboard: the name of its file and id, its titles and panels."""

    name: str
    vi: str
    en: str
    panels: tuple[Panel, ...]


ROAD = Dashboard(
    "danchu-road", "Đường đi của sự kiện", "The road of events",
    (
        Panel("Cộng dồn đang dừng", "Fold halted", "short",
              (("max(danchu_scoring_halted)", "halted"),), "stat"),
        Panel("Mốc không khớp", "Marks that differ", "short",
              (("max(danchu_scoring_marks_differing)", "differing"),
               ("max(danchu_scoring_marks_alarm)", "alarm")), "stat"),
        Panel("Người ngoài ghi được vào luồng", "Stream open to others", "short",
              (("max(danchu_scoring_stream_open)", "open"),), "stat"),
        Panel("Tuổi của bản sao lưu mới nhất", "Age of the last backup", "s",
              (("time() - max(danchu_backup_time_seconds > 0)", "age"),), "stat"),
        Panel("Sự kiện không thuộc đơn vị nào", "Events without a unit", "short",
              (("max(danchu_scoring_unowned)", "unowned"),), "stat"),
        Panel("Sự kiện đã trả lời ở cửa", "Events answered at the doors", "ops",
              ((f"sum by (door, status) (rate(danchu_intake_events_total[{RATE}]))",
                "{{door}} {{status}}"),)),
        Panel("Lý do từ chối sự kiện", "Why events are refused", "ops",
              ((f"sum by (reason) (rate(danchu_intake_refusals_total[{RATE}]))", "{{reason}}"),)),
        Panel("Lệnh ở các hệ thống ghi nhận", "Commands of the systems of record", "ops",
              ((f"sum by (source, step) (rate(danchu_records_commands_total[{RATE}]))",
                "{{source}} {{step}}"),)),
        Panel("Hộp thư đi: số chờ", "Outboxes: messages that wait", "short",
              (("max by (service) (danchu_outbox_depth)", "{{service}}"),)),
        Panel("Hộp thư đi: tuổi của sự kiện cũ nhất", "Outboxes: age of the oldest", "s",
              (("max by (service) (danchu_outbox_age_seconds)", "{{service}}"),)),
        Panel("Độ trễ của việc cộng dồn", "Lag of the fold", "s",
              (("max(danchu_scoring_lag_age_seconds)", "age"),)),
        Panel("Sự kiện chưa cộng dồn", "Events not folded", "short",
              (("max(danchu_scoring_lag_events)", "events"),)),
        Panel("Sự kiện đã cộng dồn", "Events folded", "ops",
              ((f"sum by (outcome) (rate(danchu_scoring_events_total[{RATE}]))", "{{outcome}}"),)),
        Panel("Thời gian một lô", "Time of a batch", "s",
              ((f"sum(rate(danchu_scoring_batch_duration_seconds_sum[{RATE}])) / "
                f"sum(rate(danchu_scoring_batch_duration_seconds_count[{RATE}]))", "mean"),
               ("histogram_quantile(0.99, sum by (le) "
                f"(rate(danchu_scoring_batch_duration_seconds_bucket[{RATE}])))", "p99"))),
        Panel("Cỡ một lô", "Size of a batch", "short",
              ((f"sum(rate(danchu_scoring_batch_size_sum[{RATE}])) / "
                f"sum(rate(danchu_scoring_batch_size_count[{RATE}]))", "mean"),)),
        Panel("Cách ly theo lý do", "Quarantine by reason", "short",
              (("max by (reason) (danchu_scoring_quarantine)", "{{reason}}"),)),
        Panel("Thay đổi kết quả xếp loại", "Rating changes", "ops",
              ((f"sum by (event) (rate(danchu_scoring_rating_changes_total[{RATE}]))",
                "{{event}}"),)),
        Panel("Thay đổi chưa thông báo", "Changes not announced", "short",
              (("max(danchu_scoring_feed_waiting)", "waiting"),)),
        Panel("Dự thảo niêm phong chờ chữ ký", "Drafts that wait for a signature", "short",
              (("max(danchu_scoring_seals_pending)", "drafts"),
               ("max(danchu_scoring_seals_missing)", "not restored"))),
        Panel("Tuổi của dự thảo cũ nhất", "Age of the oldest draft", "s",
              (("max(danchu_scoring_seals_pending_age_seconds)", "age"),)),
    ),
)  # fmt: skip
HTTP = Dashboard(
    "danchu-http", "HTTP và mục tiêu dịch vụ", "HTTP and objectives",
    (
        Panel("Cửa: tỷ lệ lỗi trong 1 giờ (mục tiêu 0,1 %)",
              "Door: errors within an hour (objective 0.1 %)", "percentunit",
              (("danchu:door_errors:ratio_rate1h", "1h"),
               ("danchu:door_errors:ratio_rate5m", "5m"))),
        Panel("Một kết quả: tỷ lệ chậm trong 1 giờ (mục tiêu 1 %)",
              "One rating: slow answers within an hour (objective 1 %)", "percentunit",
              (("danchu:rating_slow:ratio_rate1h", "1h"),
               ("danchu:rating_slow:ratio_rate5m", "5m"))),
        Panel("Yêu cầu theo mã trả lời", "Requests by status", "reqps",
              ((f"sum by (http_response_status_code) (rate({REQUESTS}_count[{RATE}]))",
                "{{http_response_status_code}}"),)),
        Panel("Yêu cầu theo đường dẫn", "Requests by route", "reqps",
              ((f"topk(10, sum by (http_request_method, http_route) "
                f"(rate({REQUESTS}_count[{RATE}])))", "{{http_request_method}} {{http_route}}"),)),
        Panel("Thời gian trả lời, p99 theo đường dẫn", "Time of answers, p99 by route", "s",
              (("topk(10, histogram_quantile(0.99, sum by (le, http_route) "
                f"(rate({REQUESTS}_bucket[{RATE}]))))", "{{http_route}}"),)),
        Panel("Một kết quả xếp loại: thời gian", "One rating: time", "s",
              tuple((f"histogram_quantile({share}, sum by (le) (rate({REQUESTS}_bucket"
                     f'{{http_route="/scoring/ratings/{{year}}/{{unit}}"}}[{RATE}])))', name)
                    for share, name in ((0.5, "p50"), (0.99, "p99")))),
        Panel("Lỗi máy chủ theo đường dẫn", "Answers with 5xx by route", "reqps",
              ((f"sum by (http_route) (rate({REQUESTS}_count"
                f'{{http_response_status_code=~"5.."}}[{RATE}])) or 0 * sum(rate({REQUESTS}_count'
                f"[{RATE}]))", "{{http_route}}"),)),
        Panel("Bị từ chối quyền truy cập", "Denials", "reqps",
              ((f"sum by (service, reason) (rate(danchu_denials_total[{RATE}]))",
                "{{service}} {{reason}}"),)),
        Panel("Bị từ chối vì quá tải", "Refused because of a limit", "reqps",
              ((f"sum by (status) (rate(danchu_http_refusals_total[{RATE}])) or vector(0)",
                "{{status}}"),)),
    ),
)  # fmt: skip
PROCESSES = Dashboard(
    "danchu-processes", "Tiến trình và cơ sở dữ liệu", "Processes and databases",
    (
        Panel("Đang chạy", "Up", "short", ((f"up{{{JOB}}}", "{{instance}}"),), "stat"),
        Panel("Thời gian chạy", "Uptime", "s",
              ((f"process_uptime_seconds{{{JOB}}}", "{{instance}}"),), "stat"),
        Panel("Bộ xử lý", "Processor", "percentunit",
              ((f"sum by (instance) (rate(process_cpu_time_seconds_total{{{JOB}}}[{RATE}]))",
                "{{instance}}"),)),
        Panel("Bộ nhớ", "Memory", "bytes",
              ((f"process_memory_usage_bytes{{{JOB}}}", "{{instance}}"),)),
        Panel("Tệp và kết nối đang mở", "Open files and connections", "short",
              ((f"process_unix_file_descriptor_count{{{JOB}}}", "{{instance}}"),)),
        Panel("Luồng", "Threads", "short",
              ((f"process_thread_count{{{JOB}}}", "{{instance}}"),)),
        Panel("Đĩa còn trống", "Free disk", "bytes",
              ((f'system_filesystem_usage_bytes{{{JOB}, system_filesystem_state="free"}}',
                "{{instance}}"),)),
        Panel("Kết nối cơ sở dữ liệu", "Database connections", "short",
              ((f"sum by (instance, db_client_connection_pool_name) "
                f'(db_client_connection_count{{{JOB}, db_client_connection_state="used"}})',
                "{{instance}} {{db_client_connection_pool_name}}"),)),
    ),
)  # fmt: skip
DASHBOARDS = (ROAD, HTTP, PROCESSES)
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def panel(number: int, content: Panel) -> dict[str, Any]:
    """A panel of Grafana, at its place in rows of three."""
    place = {
        "x": WIDTH * (number % COLUMNS), "y": HEIGHT * (number // COLUMNS), "w": WIDTH, "h": HEIGHT,
    }  # fmt: skip
    targets = [
        {"refId": chr(ord("A") + index), "expr": expr, "legendFormat": legend,
         "datasource": DATASOURCE}
        for index, (expr, legend) in enumerate(content.queries)
    ]  # fmt: skip
    return {
        "id": number + 1, "type": content.kind, "title": f"{content.vi} / {content.en}",
        "datasource": DATASOURCE, "gridPos": place, "targets": targets,
        "fieldConfig": {"defaults": {"unit": content.unit, "min": 0}, "overrides": []},
    }  # fmt: skip


def dashboard(content: Dashboard) -> dict[str, Any]:
    """A dashboard of Grafana."""
    variable = {"name": "datasource", "type": "datasource", "query": "prometheus"}
    return {
        "uid": content.name, "title": f"danchu: {content.vi} / {content.en}", "tags": ["danchu"],
        "schemaVersion": 39, "timezone": "browser", "refresh": "30s", "editable": False,
        "time": {"from": "now-6h", "to": "now"}, "templating": {"list": [variable]},
        "panels": [panel(number, each) for number, each in enumerate(content.panels)],
    }  # fmt: skip


def files() -> dict[str, str]:
    """The files by name."""
    return {
        f"{each.name}.json": json.dumps(dashboard(each), ensure_ascii=False, indent=1) + "\n"
        for each in DASHBOARDS
    }


if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
