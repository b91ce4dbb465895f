"""JSON documents, told apart by their keys: sessions, memories with a conversation, checkpoints."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sessions.model import OPEN, SessionId
from sessions.moving import Found, FoundRun, Owner, Remark
from sessions.names import nearest_name
from sessions.ports.checkpoints import Checkpoint, RunStatus, StepResult, StepStatus
from sessions.ports.facts import LONGEST_FACT, Fact, FactId
from storage.foreign.praisonai.building import LOCAL, Kept, found, said_by
from storage.foreign.praisonai.talk import Talk, converse, plain
from storage.foreign.praisonai.values import (
    Json,
    UnreadableError,
    count,
    digest,
    items,
    table,
    text,
    time,
    written,
)

_STEPS = {
    "success": StepStatus.DONE,
    "completed": StepStatus.DONE,
    "skipped": StepStatus.SKIPPED,
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document lies: for people, its bare name, and when it was written last."""

    where: str
    name: str
    written_at: datetime


def read(document: object, source: Source, owner: Owner) -> Iterator[Found]:
    """What the document holds. Raises UnreadableError for one that is none of these."""
    if not isinstance(document, dict):
        raise UnreadableError("it is JSON, but no session, memory or checkpoint")
    if document.get("format") == "parley session":
        raise UnreadableError("parley session export wrote it: import it without --from")
    if "workflow_name" in document and "results" in document:
        yield from _checkpoint(document, source, owner)
    elif "conversation_history" in document:
        yield from _memory(document, source, owner)
    elif isinstance(document.get("messages"), list):
        yield from _session(document, source, owner)
    else:
        raise UnreadableError("it is JSON, but no session, memory or checkpoint")


def _session(document: Json, source: Source, owner: Owner) -> Iterator[Found]:
    name, created = text(document.get("session_id")) or source.name, document.get("created_at")
    metadata = table(document.get("metadata"))
    created_at = time(created) or source.written_at
    kept = Kept(
        source.where,
        "session",
        SessionId(digest("session", name, written(created) or _first(document.get("messages")))),
        name,
        created_at,
        time(document.get("updated_at")) or created_at,
        text(metadata.get("title")),
        text(document.get("model")) or text(metadata.get("model")),
        _tokens(document, metadata),
    )
    talk = Talk(kept.id, created_at, said_by(name, text(document.get("user_id"))))
    archived, summary, recent = _uncompacted(document)
    converse(talk, archived)
    talk.summarize(summary)
    converse(talk, recent)
    yield from found(kept, talk, owner)


def _uncompacted(document: Json) -> tuple[list[object], str, list[object]]:
    """What was archived, the summary of it if that is all that is left of something, and the rest."""
    archived, recent = items(document.get("archived_messages")), items(document.get("messages"))
    summaries = [one for one in map(table, (*archived, *recent)) if _is_summary(one)]
    said = [one for one in archived if not _is_summary(table(one))]
    rest = [one for one in recent if not _is_summary(table(one))]
    if not summaries:
        return said, "", rest
    stands_for = count(table(summaries[-1].get("metadata")).get("compacted_count"))
    whole = said and len(said) >= stands_for
    return said, "" if whole else plain(summaries[-1].get("content")), rest


def _is_summary(entry: Json) -> bool:
    return table(entry.get("metadata")).get("compaction") is True


def _tokens(document: Json, metadata: Json) -> int:
    usage = table(metadata.get("usage"))
    parts = count(usage.get("input_tokens")) + count(usage.get("output_tokens"))
    totals = (document.get("total_tokens"), metadata.get("total_tokens"), usage.get("total_tokens"))
    return max(parts, *map(count, totals))


def _memory(document: Json, source: Source, owner: Owner) -> Iterator[Found]:
    name, user = text(document.get("name")) or source.name, text(document.get("user_id"))
    saved_at = time(document.get("saved_at")) or time(document.get("saved_at_iso")) or source.written_at
    history, metadata = items(document.get("conversation_history")), table(document.get("metadata"))
    first = _first(history) or written(document.get("saved_at"))
    memories = [
        one
        for key in ("short_term", "long_term_snapshot")
        for one in map(table, items(document.get(key)))
        if plain(one.get("content")).strip()
    ]
    born = [at for at in (time(one.get("created_at")) for one in memories) if at is not None]
    facts = tuple(_fact(one, user, saved_at, owner) for one in memories)
    if facts and owner.workspace != LOCAL:
        yield Remark(
            source.where, f"facts stay out ({len(facts)}), for they are one person's: import into local"
        )
        facts = ()
    kept = Kept(
        source.where,
        "memory",
        SessionId(digest("memory", user, name, first)),
        name,
        min((saved_at, *born)),
        saved_at,
        text(metadata.get("title")),
        text(metadata.get("model")),
        count(metadata.get("total_tokens")),
        facts,
    )
    # The messages have no times of their own.
    yield from found(kept, converse(Talk(kept.id, saved_at, said_by(name, "")), history), owner)


def _fact(memory: Json, user: str, saved_at: datetime, owner: Owner) -> Fact:
    said = " ".join(plain(memory.get("content")).split())
    cut = said if len(said) <= LONGEST_FACT else f"{said[: LONGEST_FACT - 1]}…"
    identity = FactId(digest("fact", user, written(memory.get("id")), said))
    return Fact(identity, cut, OPEN, owner.person, time(memory.get("created_at")) or saved_at)


def _checkpoint(document: Json, source: Source, owner: Owner) -> Iterator[Found]:
    name, workflow = text(document.get("name")) or source.name, text(document.get("workflow_name"))
    saved_at = time(document.get("saved_at")) or time(document.get("saved_at_iso")) or source.written_at
    fingerprint = text(document.get("definition_fingerprint"))
    mark = digest("checkpoint", name, workflow, fingerprint, written(document.get("saved_at")))
    ours = nearest_name(name, f"praisonai-{mark[:6]}")
    if ours != name:
        yield Remark(source.where, f"“{name}” is no name here: it becomes “{ours}”")
    variables = table(document.get("variables")).items()
    results = tuple(_result(table(one)) for one in items(document.get("results")))
    failed = any(one.status is StepStatus.FAILED for one in results)
    checkpoint = Checkpoint(
        ours,
        workflow,
        fingerprint,
        saved_at,
        OPEN,
        owner.person,
        status=RunStatus.FAILED if failed else RunStatus.RUNNING,
        results=results,
        variables=tuple((one, written(value)) for one, value in variables),
        taken_by=mark,
    )
    yield FoundRun(source.where, "checkpoint", checkpoint)


def _result(result: Json) -> StepResult:
    error, status = written(result.get("error")), text(result.get("status")).casefold()
    # Their status of a step that raised is success all the same.
    ended = StepStatus.FAILED if error else _STEPS.get(status, StepStatus.FAILED)
    return StepResult(written(result.get("step")), ended, written(result.get("output")), error)


def _first(messages: object) -> str:
    """What tells a conversation without a date from others of its name, also when it has grown."""
    first = next(map(table, items(messages)), {})
    return written({key: first.get(key) for key in ("role", "content")}) if first else ""
