"""Paired rounds, as `sphinxcore bench` has them: one method for all figures."""

from sphinxcore.cli.rounds import Round, Run, Timed, prepared, repeated, run, summary

__all__ = ["Round", "Run", "Timed", "prepared", "repeated", "run", "summary"]
