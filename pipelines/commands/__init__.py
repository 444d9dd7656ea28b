"""The commands of `keepwise`, a module a job; every one of them is a recipe of one step underneath."""
