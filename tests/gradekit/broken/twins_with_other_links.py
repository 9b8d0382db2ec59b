# expected: differ in links

# %% [markdown] lang="en"
# See [this](https://example.org/a).

# %% [markdown] lang="ru"
# См. [это](https://example.org/b).

# %% exercise="freeze"
def freeze(model):
    ### BEGIN SOLUTION
    return model.requires_grad_(False).eval()
    ### END SOLUTION


# %% check="freeze" points=2
check("freeze", freeze)
