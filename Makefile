.PHONY: run test setup bench check assets lock

run: ; @./dev run $(ARGS)
test: ; @./dev test $(ARGS)
setup: ; @./dev setup $(ARGS)
bench: ; @./dev bench $(ARGS)
check: ; @./dev check $(ARGS)
assets: ; @./dev assets $(ARGS)
lock: ; @./dev lock $(ARGS)
