# expected: (ru) has no twin right below it

# %% [markdown] lang="ru"
# Сначала русский.

# %% [markdown] lang="en"
# English second.

# %% exercise="freeze"
def freeze(model):
    ### BEGIN SOLUTION
    return model.requires_grad_(False).eval()
    ### END SOLUTION


# %% check="freeze" points=2
check("freeze", freeze)
