# The commands of this repository. The work is done by scripts/.
.DEFAULT_GOAL := help
.PHONY: help demo chaos chaos-cluster alerts schedules bench bench-containment bench-dead-letters test lint fmt up down wipe

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 21

demo: ## start everything, play the story, stay up until Ctrl-C (ONCE=1: stop after the story)
	@scripts/demo

chaos: ## break everything for CHAOS_MINUTES (5), then prove that nothing was lost or doubled (CHAOS_SEED repeats a run)
	@scripts/chaos

chaos-cluster: ## the same for a RabbitMQ cluster, whose queues lose their leaders one after the other
	@scripts/chaos-cluster

alerts: ## break what each alert is for, and show that it fires within a minute (about five minutes)
	@scripts/alerts

schedules: ## play ten thousand random schedules of refunds, callbacks, wishes and retries (SLUICE_SCHEDULES of them)
	@scripts/schedules

bench: ## measure Sluice beside the raw RabbitMQ and PostgreSQL (BENCH=accept,pipeline,notify,backlog or growth)
	@scripts/bench

bench-containment: ## measure what a channel that hangs costs the others (about six minutes)
	@scripts/bench-containment

bench-dead-letters: ## search a million dead letters, and replay ten thousand with a worker killed in the middle
	@scripts/bench-dead-letters

test: ## all checks and tests, on real PostgreSQL and RabbitMQ
	@scripts/test

lint: ## formatting, clippy, rustdoc, cargo-deny, alert rules, manifests, scripts
	@scripts/lint

fmt: ## format the Rust code
	@cargo fmt --all

up: ## start PostgreSQL and RabbitMQ (addresses: scripts/servers env)
	@scripts/servers up
	@scripts/servers status

down: ## stop the demo and the servers that were started here; their data stays
	@scripts/demo stop
	@scripts/chaos stop
	@scripts/chaos-cluster stop
	@scripts/alerts stop
	@SERVERS_NAME=bench scripts/servers down
	@scripts/servers down

wipe: ## the same, and remove the servers' data wherever it lies
	@scripts/demo stop
	@scripts/chaos stop
	@scripts/chaos-cluster stop
	@scripts/alerts stop
	@SERVERS_NAME=chaos scripts/servers down --wipe
	@SERVERS_NAME=bench scripts/servers down --wipe
	@SERVERS_NAME=alerts scripts/servers down --wipe
	@scripts/cluster down --wipe
	@scripts/servers down --wipe
