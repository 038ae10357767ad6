"""Settings read from files: `DANCHU_X_FILE` names the file whose content is `DANCHU_X`.

A setting that is itself the path of a file (keys) takes the path under both names. A final line
feed, as editors and secret stores write it, is ignored.
"""

import os
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError

from services.chassis.errors import SettingWrong
from services.chassis.messages import message

SUFFIX = "_FILE"
FOLDER = "folder"
"""Marks a setting that is a folder (`Annotated[Path, FOLDER]`), whose value stands in no file."""
BYTES_MAX = 64 * 1024


def environment(setting: str) -> str | None:
    """The value of a setting in the environment, or of the file that it names; None without.

    SettingWrong if both are set, or if the file cannot be read.
    """
    value, file = os.environ.get(setting) or None, os.environ.get(setting + SUFFIX) or None
    if file is None:
        return value
    if value is not None:
        raise SettingWrong(setting, message("setting-twice", file=setting + SUFFIX))
    return content(setting + SUFFIX, Path(file))


def content(setting: str, file: Path) -> str:
    """The content of a setting's file; SettingWrong if it cannot be read or is not one line."""
    try:
        raw = file.read_bytes()[: BYTES_MAX + 1]
    except OSError:
        raise SettingWrong(setting, message("file-unreadable", file=file)) from None
    try:
        text = raw.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise SettingWrong(setting, message("file-no-text", file=file)) from None
    if not text or "\n" in text or "\0" in text or len(raw) > BYTES_MAX:
        raise SettingWrong(setting, message("file-no-line", file=file))
    return text


def is_folder(field: FieldInfo) -> bool:
    """Whether a setting is marked as a folder."""
    return FOLDER in field.metadata


def _is_path(field: FieldInfo) -> bool:
    return Path in (field.annotation, *get_args(field.annotation))


class EnvironmentSource(EnvSettingsSource):
    """The pydantic source of the environment; it looks at the fields alone that are set there.

    The library's own examines the type of every field anew for each object, which takes
    milliseconds, and settings are made for each command and each start of a part.
    """

    def __call__(self) -> dict[str, Any]:
        """The values by field; SettingsError, which names the field, for JSON that is none."""
        values: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            if f"{self.env_prefix}{name}".lower() not in self.env_vars:
                continue
            value, key, is_complex = self.get_field_value(field, name)
            try:
                values[key] = self.prepare_field_value(name, field, value, is_complex)
            except ValueError as error:
                raise SettingsError(f'the value of the field "{name}" is no JSON') from error
        return values


class SettingFileSource(EnvironmentSource):
    """The pydantic source of the settings whose files the environment names."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        prefix = str(settings_cls.model_config.get("env_prefix", ""))
        values: dict[str, str | None] = {}
        for name, field in settings_cls.model_fields.items():
            setting = f"{prefix}{name}".upper()
            file = os.environ.get(setting + SUFFIX)
            if not file or is_folder(field):
                continue
            if os.environ.get(setting):
                raise SettingWrong(setting, message("setting-twice", file=setting + SUFFIX))
            value = file if _is_path(field) else content(setting + SUFFIX, Path(file))
            values[setting.lower()] = value
        self.env_vars = values
