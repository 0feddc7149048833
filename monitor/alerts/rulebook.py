"""Which settings hold of what: looked up for every reading, so that each answer is worked out once."""

from __future__ import annotations

from monitor.alerts.catalogue import RULES
from monitor.alerts.overrides import OF_ACCOUNTS, Override, merged, narrowness
from monitor.alerts.reading import Subject, loosest, severity_of
from monitor.alerts.rule import Kind, RuleSettings
from monitor.alerts.settings import AlertSettings
from monitor.domain.names import AccountKey, Asset, Symbol, Venue
from monitor.domain.reports import AccountReport

KEY_RULES = frozenset({"key_permission", "permissions_changed"})  #: what a key may do, and what changed of it
MOST_ANSWERS = 20_000  #: remembered; beyond that all are worked out anew


class Rulebook:
    """The settings of every rule for everything that it may speak of."""

    def __init__(self, settings: AlertSettings) -> None:
        self._base = {rule: settings.of(rule) for rule in RULES}
        self._overrides = {
            rule: tuple(sorted((each for each in settings.overrides if each.concerns(rule)), key=narrowness))
            for rule in RULES
        }
        self._groups, self._any_key = settings.groups, settings.any_key
        self._by_coin = any(each.coin for each in settings.overrides)
        self._coins: dict[tuple[Venue, Symbol], Asset] = {}
        self._answers: dict[Subject, RuleSettings] = {}
        self._variants: dict[tuple[str, AccountKey], tuple[RuleSettings, ...]] = {}
        self._bounds: dict[AccountKey | None, dict[str, tuple[bool, float]]] = {}
        self._spoken: dict[AccountKey | None, dict[tuple[str, str], bool]] = {}

    def of(self, subject: Subject) -> RuleSettings:
        """The settings that hold of a subject."""
        overrides = self._overrides[subject.rule]
        if not overrides:
            return self._base[subject.rule]
        found = self._answers.get(subject)
        if found is None:
            labels = self.labels(subject)
            found = merged(self._base[subject.rule], (each for each in overrides if each.matches(labels)))
            if len(self._answers) >= MOST_ANSWERS:
                self._answers.clear()
            self._answers[subject] = found
        return found

    def labels(self, subject: Subject) -> dict[str, str]:
        """The labels of a subject, with its account's group and, of a position, its coin."""
        labels = subject.labels
        if group := self._groups.get(subject.account):
            labels["group"] = group
        if "coin" not in labels and (coin := self._coins.get((subject.account.venue, labels.get("symbol", "")))):
            labels["coin"] = coin
        return labels

    def learn(self, report: AccountReport) -> None:
        """Which coins the positions of a report are in."""
        if not self._by_coin:
            return
        for pool in report.pools:
            for position in pool.positions:
                key = (report.key.venue, position.symbol)
                if self._coins.get(key) != position.coin:
                    self._coins[key] = position.coin
                    self._answers.clear()

    def variants(self, rule: str, account: AccountKey) -> tuple[RuleSettings, ...]:
        """All settings of a rule that may hold of something of an account, so that the true ones lie between them.

        The first are those of the account as a whole.
        """
        found = self._variants.get((rule, account))
        if found is None:
            of_account = {"venue": account.venue, "account": account.account, "group": self._groups.get(account, "")}
            may = [each for each in self._overrides[rule] if each.may_match(of_account)]
            whole = merged(self._base[rule], (each for each in may if _is_of_accounts(each)))
            found = (whole, *(each.over(whole) for each in may if not _is_of_accounts(each)))
            self._variants[rule, account] = found
        return found

    def bounds(self, account: AccountKey | None) -> dict[str, tuple[bool, float]]:
        """Of rules that read a number and may speak of an account: whether it rises, and the threshold that is passed
        first of all that may hold. None: of what surrounds the accounts.
        """
        found = self._bounds.get(account)
        if found is None:
            found = self._bounds[account] = {}
            for name, rule in RULES.items():
                variants = self._all(name) if account is None else self.variants(name, account)
                if rule.kind is Kind.NUMBER and any(each.enabled for each in variants):
                    bounds = [loosest(rule, each) for each in variants]
                    found[name] = (rule.rising, min(bounds) if rule.rising else max(bounds))
        return found

    def spoken(self, account: AccountKey | None) -> dict[tuple[str, str], bool]:
        """Where answers of `may_speak` for an account are remembered, by rule and word."""
        return self._spoken.setdefault(account, {})

    def may_speak(self, rule: str, account: AccountKey | None, state: str) -> bool:
        """Whether a word of a rule may be an alert for something of an account."""
        if rule in KEY_RULES and account in self._any_key:
            return False
        variants = self._all(rule) if account is None else self.variants(rule, account)
        enabled = any(each.enabled for each in variants)
        return enabled and any(severity_of(state, each) is not None for each in variants)

    def speaks(self, subject: Subject) -> bool:
        """Whether the user wants to hear this rule of this subject at all."""
        silent = subject.rule in KEY_RULES and subject.account in self._any_key
        return self.of(subject).enabled and not silent

    def is_told_by(self, subject: Subject, like: str) -> bool:
        """Whether another rule says the same as this subject's at the same thresholds, wherever it may say it."""
        ours = self.of(subject)
        return all(
            theirs.enabled and bool(theirs.severities) >= bool(ours.severities) and theirs.thresholds == ours.thresholds
            for theirs in self.variants(like, subject.account)
        )

    def _all(self, rule: str) -> tuple[RuleSettings, ...]:
        base = self._base[rule]
        return (base, *(each.over(base) for each in self._overrides[rule]))


def _is_of_accounts(override: Override) -> bool:
    return OF_ACCOUNTS.issuperset(override.conditions)
