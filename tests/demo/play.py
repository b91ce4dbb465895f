"""The conversation: two Telegram topics, a Discord thread, commands, a stop, a crash."""

import sys
from dataclasses import dataclass, field

from tests.demo.answers import STORY
from tests.emulators.discord import TALKING, Discord, Permission
from tests.emulators.openai import ModelServer
from tests.emulators.telegram import BotApi, ChatView, MemberStatus, Message, Person
from tests.service import Service

WAIT = 90
"""Seconds; generous, because machines differ."""


@dataclass
class Stage:
    """The service, its far ends, and what went wrong."""

    serving: Service
    models: ModelServer
    telegram: BotApi
    discord: Discord
    complaints: list[str] = field(default_factory=list)

    def expect(self, holds: bool, fact: str) -> None:
        """Note a fact that does not hold."""
        print(f"  {'ok ' if holds else 'NOT'} {fact}", flush=True)
        if not holds:
            self.complaints.append(fact)

    def verdict(self) -> None:
        """End the process with 1 if something did not hold."""
        if self.complaints:
            sys.exit("The demo failed: " + "; ".join(self.complaints))
        print("Every message was answered once, in its own session.")


async def play(stage: Stage) -> None:
    """Play all scenes in order."""
    telegram = stage.telegram
    ada, bob = telegram.add_person("Ada"), telegram.add_person("Bob")
    team = telegram.add_supergroup("Team", ada, bob, forum=True, bot=MemberStatus.ADMINISTRATOR)
    design = ada.create_topic(team, "Design").id
    rollout = bob.create_topic(team, "Rollout").id
    await telegram.wait_for(lambda: telegram.polled, timeout=WAIT)
    await stage.discord.wait_connected()
    await _two_topics(stage, team, (ada, design), (bob, rollout))
    await _discord_thread(stage)
    await _stop(stage, team, ada, design)
    await _crash(stage, team, ada, design)
    await _delete(stage, team, bob, rollout)


async def _two_topics(
    stage: Stage, team: ChatView, first: tuple[Person, int], second: tuple[Person, int]
) -> None:
    print("Two topics, two named sessions")
    (ada, design), (bob, rollout) = first, second
    await _say(stage, team, ada, design, "/session start palette", "palette")
    await _say(stage, team, ada, design, "Our palette is blue and amber.", "Noted")
    await _say(stage, team, bob, rollout, "/session start rollout", "rollout")
    await _say(stage, team, bob, rollout, "We deploy on Friday.", "Noted")
    await _say(stage, team, bob, rollout, "What is our palette?", "Nobody has told me")
    await _say(stage, team, bob, rollout, "/session list", "palette")
    await _say(stage, team, bob, rollout, "/session resume palette", "palette")
    told = await _say(stage, team, bob, rollout, "What is our palette, please?", "You told me")
    stage.expect("blue and amber" in told.text, "a resumed session knows what was said elsewhere")
    await _say(stage, team, bob, rollout, "/session resume rollout", "rollout")
    await _say(stage, team, bob, rollout, "When do we deploy?", "We deploy on Friday")
    await _say(stage, team, bob, rollout, "/session show", "Last active")


async def _discord_thread(stage: Stage) -> None:
    print("A Discord thread")
    discord = stage.discord
    guild = discord.guild("Team", bot_may=TALKING | Permission.MANAGE_THREADS)
    general = guild.text("general")
    user = discord.user("ada")
    guild.join(user)
    person = discord.person(user)
    invocation = person.slash(general, "session", "start", name="retro")
    await invocation.response()
    await discord.wait_for(lambda: bool(discord.threads(general)), timeout=WAIT)
    thread = discord.threads(general)[0]
    person.say(thread, "The palette went well.")
    await discord.channel(thread).wait_text("Noted", timeout=WAIT)
    person.say(thread, "What about the palette?")
    await discord.channel(thread).wait_text("The palette went well", timeout=WAIT)
    await person.slash(thread, "session", "show").response()
    stage.expect(not discord.failed_interactions, "every slash command was acknowledged in time")


async def _stop(stage: Stage, team: ChatView, ada: Person, design: int) -> None:
    print("/stop in the middle of an answer")
    gate = stage.models.hold()
    ada.say(team, "Tell me a story", thread=design)
    await stage.models.wait_for_request(lambda request: "story" in request.last_user_text)
    await gate.release(3)
    await team.wait_text("Once", thread=design, timeout=WAIT)
    ada.say(team, "/stop", thread=design)
    stopped = await team.wait_text("Stopped", thread=design, timeout=WAIT)
    gate.open()
    stage.expect("The end" not in stopped.text, "a stopped answer keeps what was said and no more")


async def _crash(stage: Stage, team: ChatView, ada: Person, design: int) -> None:
    print("SIGKILL in the middle of an answer")
    gate = stage.models.hold()
    ada.say(team, "Write the report", thread=design)
    await stage.models.wait_for_request(lambda request: "report" in request.last_user_text)
    await gate.release(3)
    await stage.telegram.wait_for(
        lambda: team.thread(design).texts()[-1].startswith("Once upon a"), timeout=WAIT
    )
    print(f"  killed while this stood there: {team.thread(design).texts()[-1]!r}")
    await stage.serving.kill()
    gate.open()
    await stage.serving.start()
    await team.wait_text("The end.", thread=design, timeout=WAIT)
    complete = [text for text in team.thread(design).texts() if STORY[:-9] in text]
    begun = [text for text in team.thread(design).texts() if text.startswith("Once")]
    stage.expect(len(begun) == 2, "what stood there half written is gone (the stopped answer stays)")
    stage.expect(len(complete) == 1, "the answer under way at the kill is there complete and once")


async def _delete(stage: Stage, team: ChatView, bob: Person, rollout: int) -> None:
    print("Delete with its button")
    asked = await _say(stage, team, bob, rollout, "/session delete rollout", "Delete session")
    await bob.press(asked, "🗑 Delete").answered(timeout=WAIT)
    await team.wait_text("deleted", thread=rollout, timeout=WAIT)
    left = await stage.serving.command("session", "list", "--workspace", f"telegram:{team.id}", "--json")
    stage.expect("rollout" not in left and "palette" in left, "the command line sees what is left")


async def _say(
    stage: Stage, team: ChatView, person: Person, topic: int, text: str, expected: str
) -> Message:
    """Say something and wait for the bot's newest message to contain what is expected."""
    before = len(team.thread(topic).visible())
    person.say(team, text, thread=topic)

    def newest() -> Message | None:
        later = team.thread(topic).visible()[before + 1 :]
        return next((message for message in later if expected in message.text), None)

    return await stage.telegram.wait_for(newest, timeout=WAIT)
