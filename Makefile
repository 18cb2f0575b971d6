# A thin face of tools/dev.py, which does the work (on Windows: py tools/dev.py VERB).
PYTHON ?= python3
VERBS := run test check format shots bench build dictionary lock setup

.PHONY: $(VERBS) demo
$(VERBS):
	@$(PYTHON) tools/dev.py $@

demo:
	@$(PYTHON) tools/dev.py demo $(if $(DATA),--data "$(DATA)") $(if $(OUT),--out "$(OUT)")
