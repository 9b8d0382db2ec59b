# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] lang="en"
# # 4. LoRA
#
# **Level:** beginner · **Time:** 50–60 minutes · **You need:** basic Python, and to have seen a PyTorch module before
#
# Full fine-tuning changes every weight. For a small encoder that is a matter of seconds; for a model of 70 billion parameters it takes a room full of hardware. LoRA leaves the weights as they are and trains small matrices beside them. In this lesson you count what training really takes, write LoRA by hand, use it as professionals do, and measure whether it keeps up.

# %% [markdown] lang="ru"
# # 4. LoRA
#
# **Уровень:** начинающий · **Время:** 50–60 минут · **Понадобится:** основы Python и общее представление о модулях PyTorch
#
# Full fine-tuning меняет каждый вес. Для маленького энкодера это дело секунд, а для модели из 70 миллиардов параметров нужна целая комната оборудования. LoRA оставляет веса как есть и обучает рядом с ними небольшие матрицы. В этом уроке вы посчитаете, сколько памяти на самом деле нужно для обучения, напишете LoRA своими руками, примените её так, как это делают профессионалы, и измерите, не отстаёт ли она.

# %%
course.objectives()

# %%
import copy
import random
import time

import numpy as np
import pandas as pd
import psutil
import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn
from tqdm.auto import tqdm
from transformers import AutoTokenizer, BertConfig, BertModel, LlamaConfig, LlamaForCausalLM

from lessonkit import check, figures, load_texts, model_entry, model_folder, plots, quiz
from lessonkit.measuring import PeakMemory

# %% [markdown] lang="en"
# ## 4.1 Where the memory goes
#
# How much memory does it take to fine-tune LLaMA-70B? One finds sums like this one:
#
# ```
# 70 billion parameters x 4 bytes (fp32) = 280 GB
# x 2 (gradients)         = 560 GB
# x ~3 (optimizer states) = 1.7 TB
# ```
#
# The idea is right, the last line is not: the three parts are *added*, and each of them has to be counted by itself. While a model trains with Adam, memory holds for every trained parameter
#
# - its **weight**: 4 bytes in fp32;
# - its **gradient**, in the same precision as the weight;
# - the **optimizer's state**: Adam keeps two numbers, the running means of the gradient and of its square (the two *moments*), 4 bytes each.
#
# In **mixed precision** the weights and gradients have 16 bits (2 bytes). But steps are often too small to change a number of 16 bits, so the optimizer also keeps its own copy of the weights in fp32, next to the two moments in fp32.
#
# And a **frozen** parameter? It has a weight and nothing else. That is where LoRA saves. Its frozen base is only read, so bf16 (2 bytes) is enough, or even 4 bits (half a byte: this is QLoRA, [Dettmers et al. 2023](https://arxiv.org/abs/2305.14314), whose small constants for unpacking we leave out). The few parameters that it trains are kept in fp32 with gradient and moments.

# %% [markdown] lang="ru"
# ## 4.1 На что уходит память
#
# Сколько памяти нужно, чтобы дообучить LLaMA-70B? Можно встретить такой расчёт:
#
# ```
# 70 billion parameters x 4 bytes (fp32) = 280 GB
# x 2 (gradients)         = 560 GB
# x ~3 (optimizer states) = 1.7 TB
# ```
#
# Мысль верна, последняя строка — нет: три части *складываются*, и каждую нужно считать отдельно. Пока модель обучается с Adam, в памяти на каждый обучаемый параметр лежат
#
# - его **вес**: 4 байта в fp32;
# - его **градиент**, в той же точности, что и вес;
# - **состояние оптимизатора**: Adam хранит два числа, скользящие средние градиента и его квадрата (два *момента*), по 4 байта.
#
# При **mixed precision** у весов и градиентов по 16 бит (2 байта). Но шаги часто слишком малы, чтобы изменить 16-битное число, поэтому оптимизатор держит ещё и собственную копию весов в fp32 рядом с двумя моментами в fp32.
#
# А **замороженный** параметр? У него есть вес и больше ничего. На этом LoRA и экономит. Её замороженную основу только читают, поэтому хватает bf16 (2 байта) или даже 4 бит (полбайта: это QLoRA, [Dettmers et al. 2023](https://arxiv.org/abs/2305.14314); небольшие константы для распаковки мы опустим). Немногие параметры, которые она обучает, хранятся в fp32 вместе с градиентом и моментами.

# %%
figures.show("training_memory")

# %% [markdown] lang="en"
# ### Exercise 1: `training_memory`
# *Difficulty 2 of 4 · 8 minutes · 3 points*
#
# Put the list above into code. Activations, which depend on batch and text length, are left out.
#
# <details><summary>Hint: what does LoRA hold?</summary>
#
# Two groups: `parameters` frozen ones with a weight only, and `trained` ones in fp32 with weight, gradient and two moments.
#
# </details>

# %% [markdown] lang="ru"
# ### Упражнение 1: `training_memory`
# *Сложность 2 из 4 · 8 минут · 3 балла*
#
# Переведите список выше в код. Активации, которые зависят от батча и длины текста, не учитываются.
#
# <details><summary>Подсказка: что хранит LoRA?</summary>
#
# Две группы: `parameters` замороженных, у которых есть только вес, и `trained` обучаемых в fp32 с весом, градиентом и двумя моментами.
#
# </details>

# %% exercise="training_memory"
def training_memory(parameters: int, method: str, trained: int = 0) -> dict[str, float]:
    """Return the bytes that training with Adam holds, before activations.

    Args:
        parameters: how many parameters the model has.
        method: "full fp32", "full mixed", "lora" (frozen base in bf16) or "lora 4-bit".
        trained: how many parameters LoRA adds, trained in fp32; 0 for full fine-tuning.

    Returns:
        {"weights": ..., "gradients": ..., "optimizer": ...}, in bytes; the optimizer's part is
        everything it keeps. `training_memory(10, "full fp32")["weights"]` is 40.
    """
    ### BEGIN SOLUTION
    if method == "full fp32":
        return {"weights": 4 * parameters, "gradients": 4 * parameters, "optimizer": 8 * parameters}
    if method == "full mixed":
        return {"weights": 2 * parameters, "gradients": 2 * parameters, "optimizer": 12 * parameters}
    base = 2 if method == "lora" else 0.5
    return {"weights": base * parameters + 4 * trained, "gradients": 4 * trained, "optimizer": 8 * trained}
    ### END SOLUTION

# %% check="training_memory" points=3
check("training_memory", training_memory)

# %% [markdown] lang="en"
# **Predict:** how many terabytes does full fine-tuning of 70 billion parameters take in fp32? And how much of that does mixed precision save?

# %% [markdown] lang="ru"
# **Прогноз:** сколько терабайт займёт full fine-tuning 70 миллиардов параметров в fp32? И сколько из них сэкономит mixed precision?

# %%
guess_terabytes = None  # for example 0.5

# %%
methods = ("full fp32", "full mixed", "lora", "lora 4-bit")
parts = {}
for method in methods:
    trained = 70_000_000 if method.startswith("lora") else 0  # a thousandth; 4.4 counts exactly
    parts[method] = training_memory(70_000_000_000, method, trained)
table = pd.DataFrame(parts).T / 1e9
table["sum, GB"] = table.sum(axis=1)
print(f"your guess: {guess_terabytes} TB; it is {table.loc['full fp32', 'sum, GB'] / 1000:.2f} TB")
table.round(1)

# %% [markdown] lang="en"
# Sixteen bytes a parameter, 1.12 TB, and not 1.7. Mixed precision takes **the same** sixteen: it halves weights and gradients and pays for it with the copy. What it saves is time, and memory for activations. LoRA saves the rest.
#
# What fits where? A T4 (the free GPU of Colab) has 16 GB and an H100 80 GB, as their maker states; what your own machine has, the code asks. The models of LLaMA's kind have their real sizes: they are built on the `meta` device, where a tensor has a shape but no numbers.

# %% [markdown] lang="ru"
# Шестнадцать байт на параметр, 1,12 TB, а не 1,7. Mixed precision занимает **те же** шестнадцать: веса и градиенты становятся вдвое меньше, но за это приходится платить копией. Экономит она время и память под активации. Остальное экономит LoRA.
#
# Что куда поместится? У T4 (бесплатный GPU в Colab) 16 GB, у H100 80 GB, как заявляет производитель; сколько у вашей машины, спросит сам код. Модели семейства LLaMA взяты в настоящем размере: они собраны на устройстве `meta`, где у тензора есть форма, но нет чисел.

# %%
folder = model_folder(course.profile.encoder)
with torch.device("meta"):
    encoder_shape = BertModel(BertConfig.from_pretrained(folder))
    bert_base = BertModel(BertConfig())
    llama = LlamaForCausalLM(LlamaConfig())  # the default sizes are those of LLaMA-7B
    wide = {"hidden_size": 8192, "intermediate_size": 28672, "num_hidden_layers": 80}
    llama_70b = LlamaForCausalLM(LlamaConfig(**wide, num_attention_heads=64, num_key_value_heads=8))
models = {"our encoder": encoder_shape, "BERT-base": bert_base, "LLaMA-7B": llama, "LLaMA-70B": llama_70b}
sizes = {name: sum(p.numel() for p in model.parameters()) for name, model in models.items()}
for name, size in sizes.items():
    print(f"{name}: {size:,}")

# %%
machine = psutil.virtual_memory().total
if course.device == "cuda":
    machine = torch.cuda.get_device_properties(0).total_memory
limits = {"this machine": machine, "T4": 16e9, "H100": 80e9}
memory = {
    name: {m: training_memory(size, m, size // 1000 if m.startswith("lora") else 0) for m in methods}
    for name, size in sizes.items()
}
print({device: f"{size / 1e9:.1f} GB" for device, size in limits.items()})
plots.memory_chart(memory, limits)

# %%
def devices_for(parts: dict[str, float]) -> str:
    """Name the devices that hold all parts, or count the H100 it would take."""
    needed = sum(parts.values())
    names = [device for device, size in limits.items() if needed <= size]
    return ", ".join(names) or f"{-(-needed // limits['H100']):.0f} H100"


pd.DataFrame({name: {m: devices_for(memory[name][m]) for m in methods} for name in memory}).T

# %% [markdown] lang="en"
# Full fine-tuning of seven billion parameters does not even fit on one H100. With LoRA it does, and with a base of 4 bits it fits on the free T4. (Activations come on top; leave some room.)
#
# ## 4.2 A small detour beside a large matrix
#
# The idea of **LoRA**, Low-Rank Adaptation ([Hu et al. 2021](https://arxiv.org/abs/2106.09685)): leave a weight matrix W frozen, and add to it a product of two thin matrices. A squeezes the input down to r numbers, B widens them again; r, the **rank**, is small, such as 8.

# %% [markdown] lang="ru"
# Full fine-tuning семи миллиардов параметров не поместится даже на одну H100. С LoRA поместится, а с основой в 4 битах — и на бесплатную T4. (Сверху добавятся активации; оставьте запас.)
#
# ## 4.2 Узкая тропа рядом с большой матрицей
#
# Идея **LoRA**, Low-Rank Adaptation ([Hu et al. 2021](https://arxiv.org/abs/2106.09685)): матрица весов W остаётся замороженной, и к ней прибавляется произведение двух тонких матриц. A сжимает вход до r чисел, B снова его расширяет; r, **ранг**, невелик, например 8.

# %%
figures.show("lora")

# %% [markdown] lang="en"
# As a formula: output = W x + (alpha / r) · B A x. Three details matter.
#
# - **B starts at zero.** Then B A is zero, and training begins exactly at the pre-trained model. A is random: were it zero as well, both gradients would be zero forever.
# - **The scale alpha / r** keeps the update about equally strong when you change r, so the learning rate can stay.
# - **W is not touched.** One copy of it can serve many tasks.
#
# ### Exercise 2: `LoRALinear`
# *Difficulty 3 of 4 · 12 minutes · 4 points*
#
# Wrap a linear layer. A's shape is (r, in_features), B's is (out_features, r), both are `nn.Parameter`; the base layer is frozen, with its bias.
#
# <details><summary>Hint 1: how is A filled?</summary>
#
# peft uses `nn.init.kaiming_uniform_(self.A, a=5**0.5)`; any small random numbers will do.
#
# </details>
#
# <details><summary>Hint 2: I get <code>mat1 and mat2 shapes cannot be multiplied</code></summary>
#
# x ends in in_features, A is (r, in_features): multiply by the transpose, `x @ self.A.T`, then `@ self.B.T`.
#
# </details>

# %% [markdown] lang="ru"
# Формулой: выход = W x + (alpha / r) · B A x. Важны три детали.
#
# - **B начинается с нуля.** Тогда B A равно нулю, и обучение начинается ровно с предобученной модели. A случайна: будь и она нулевой, оба градиента навсегда остались бы нулевыми.
# - **Множитель alpha / r** сохраняет силу обновления примерно одинаковой, когда вы меняете r, и learning rate можно не трогать.
# - **W не меняется.** Одна её копия может служить многим задачам.
#
# ### Упражнение 2: `LoRALinear`
# *Сложность 3 из 4 · 12 минут · 4 балла*
#
# Оберните линейный слой. Форма A — (r, in_features), форма B — (out_features, r), обе `nn.Parameter`; исходный слой заморожен вместе со смещением.
#
# <details><summary>Подсказка 1: чем заполнить A?</summary>
#
# В peft это `nn.init.kaiming_uniform_(self.A, a=5**0.5)`; подойдут любые небольшие случайные числа.
#
# </details>
#
# <details><summary>Подсказка 2: я получаю <code>mat1 and mat2 shapes cannot be multiplied</code></summary>
#
# x оканчивается на in_features, A — это (r, in_features): умножайте на транспонированную, `x @ self.A.T`, затем `@ self.B.T`.
#
# </details>

# %% exercise="LoRALinear"
class LoRALinear(nn.Module):
    """A frozen linear layer plus a trained update of low rank: base(x) + alpha / r · x Aᵀ Bᵀ.

    Args:
        base: the layer to adapt.
        r: rank of the update.
        alpha: its strength; the update is scaled by alpha / r.

    Attributes:
        base: the layer, frozen.
        A: (r, in_features), random at first.
        B: (out_features, r), zero at first.
        scaling: alpha / r.
    """

    def __init__(self, base: nn.Linear, r: int, alpha: float) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.empty(r, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, r))
        nn.init.kaiming_uniform_(self.A, a=5**0.5)
        self.scaling = alpha / r
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., in_features) -> (..., out_features)."""
        ### BEGIN SOLUTION
        return self.base(x) + self.scaling * (x @ self.A.T) @ self.B.T
        ### END SOLUTION

# %% check="LoRALinear" points=4
check("LoRALinear", LoRALinear)

# %% [markdown] lang="en"
# Is that really what the library does? Let `peft` adapt the same layer, with random A **and** B so that there is something to compare, copy its matrices into yours, and look at the outputs:

# %% [markdown] lang="ru"
# Действительно ли библиотека делает то же самое? Пусть `peft` адаптирует тот же слой со случайными A **и** B, чтобы было что сравнивать; скопируйте её матрицы в свои и посмотрите на выходы:

# %%
torch.manual_seed(0)
base = nn.Linear(384, 384)
config = LoraConfig(r=8, lora_alpha=32, target_modules=["0"], init_lora_weights=False)
theirs = get_peft_model(nn.Sequential(copy.deepcopy(base)), config)
layer = theirs.base_model.model[0]
ours, x = LoRALinear(base, r=8, alpha=32), torch.randn(16, 384)
print("B is zero, difference from the base layer:", (ours(x) - base(x)).abs().max().item())
with torch.no_grad():
    ours.A.copy_(layer.lora_A["default"].weight)
    ours.B.copy_(layer.lora_B["default"].weight)
print("difference from the base layer now:", round((ours(x) - base(x)).abs().max().item(), 3))
print("difference from peft's layer:      ", (ours(x) - theirs(x)).abs().max().item())

# %% [markdown] lang="en"
# Zero before training, and the same as `peft` up to rounding after.
#
# ## 4.3 Merging
#
# The detour costs a little time at every call. When training is over it can be paved over: W x + (alpha / r) · B A x is (W + (alpha / r) · B A) x, and the bracket is one matrix of the same shape as W.
#
# ### Exercise 3: `merge`
# *Difficulty 2 of 4 · 6 minutes · 2 points*
#
# Leave the given layer as it is, so that its base can serve other adapters.

# %% [markdown] lang="ru"
# До обучения ноль, а после — то же, что у `peft`, с точностью до округления.
#
# ## 4.3 Слияние
#
# Обходная тропа при каждом вызове стоит немного времени. Когда обучение закончено, её можно убрать: W x + (alpha / r) · B A x — это (W + (alpha / r) · B A) x, и скобка — одна матрица той же формы, что W.
#
# ### Упражнение 3: `merge`
# *Сложность 2 из 4 · 6 минут · 2 балла*
#
# Переданный слой оставьте как есть, чтобы его основа могла служить другим адаптерам.

# %% exercise="merge"
def merge(layer: LoRALinear) -> nn.Linear:
    """Return a new linear layer that computes what `layer` computes; `layer` stays unchanged."""
    ### BEGIN SOLUTION
    base = layer.base
    merged = nn.Linear(base.in_features, base.out_features, bias=base.bias is not None)
    with torch.no_grad():
        merged.weight.copy_(base.weight + layer.scaling * layer.B @ layer.A)
        if base.bias is not None:
            merged.bias.copy_(base.bias)
    return merged
    ### END SOLUTION

# %% check="merge" points=2
check("merge", merge)

# %%
def microseconds(layer: nn.Module, calls: int = 2000) -> float:
    """Return the mean time of a call."""
    with torch.inference_mode():
        start = time.perf_counter()
        for _ in range(calls):
            layer(x)
    return (time.perf_counter() - start) / calls * 1e6


merged = merge(ours)
print("merged against unmerged, largest difference:", (merged(x) - ours(x)).abs().max().item())
times = {"base": base, "LoRA beside it": ours, "merged": merged}
print({name: f"{microseconds(layer):.0f} µs" for name, layer in times.items()})

# %% [markdown] lang="en"
# The same output, and the merged layer is as quick as the base alone. `peft` calls this `merge_and_unload()`. The price: a merged model is as large as a whole model again, and belongs to one task.
#
# ## 4.4 How many parameters?
#
# Each adapted layer adds A with r · in_features numbers and B with out_features · r. Which layers are adapted, the **target modules** say: names such as `q_proj`, which match the end of a layer's full name (`model.layers.0.self_attn.q_proj`).
#
# **Predict:** LLaMA-7B has 6.7 billion parameters in 32 blocks of width 4096. Which share does LoRA train with r = 8 on `q_proj` and `v_proj`? Textbooks say "1–5 %".

# %% [markdown] lang="ru"
# Выход тот же, и слитый слой так же быстр, как один исходный. В `peft` это называется `merge_and_unload()`. Цена: слитая модель снова занимает столько же, сколько целая, и принадлежит одной задаче.
#
# ## 4.4 Сколько параметров?
#
# Каждый адаптированный слой добавляет A, в которой r · in_features чисел, и B, в которой out_features · r. Какие слои адаптируются, говорят **target modules**: имена вроде `q_proj`, которые совпадают с концом полного имени слоя (`model.layers.0.self_attn.q_proj`).
#
# **Прогноз:** у LLaMA-7B 6,7 миллиарда параметров в 32 блоках шириной 4096. Какую долю обучает LoRA с r = 8 на `q_proj` и `v_proj`? В учебниках пишут «1–5 %».

# %%
guess_share = None  # per cent, for example 2.0

# %% [markdown] lang="en"
# ### Exercise 4: `count_lora_parameters`
# *Difficulty 2 of 4 · 8 minutes · 3 points*
#
# <details><summary>Hint: how do I go through the layers?</summary>
#
# `model.named_modules()` gives pairs (full name, module). Take an `nn.Linear` whose name is a target or ends with a dot and a target: `old_q_proj` is not `q_proj`.
#
# </details>

# %% [markdown] lang="ru"
# ### Упражнение 4: `count_lora_parameters`
# *Сложность 2 из 4 · 8 минут · 3 балла*
#
# <details><summary>Подсказка: как пройти по слоям?</summary>
#
# `model.named_modules()` даёт пары (полное имя, модуль). Возьмите `nn.Linear`, имя которого — цель или оканчивается точкой и целью: `old_q_proj` — это не `q_proj`.
#
# </details>

# %% exercise="count_lora_parameters"
def count_lora_parameters(model: nn.Module, r: int, targets: list[str]) -> int:
    """Return how many parameters LoRA of rank r adds to the model's linear layers named by targets.

    A layer is meant if its full name is one of the targets or ends with "." and one of them.
    """
    ### BEGIN SOLUTION
    ends = tuple(f".{target}" for target in targets)
    return sum(
        r * (module.in_features + module.out_features)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and f".{name}".endswith(ends)
    )
    ### END SOLUTION

# %% check="count_lora_parameters" points=3
check("count_lora_parameters", count_lora_parameters)

# %%
attention = ["q_proj", "v_proj"]
all_linear = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
for name, r, targets in (("q+v", 8, attention), ("all linear", 8, all_linear), ("all linear", 32, all_linear)):
    added = count_lora_parameters(llama, r, targets)
    share = added / (sizes["LLaMA-7B"] + added)
    print(f"{name:>10}, r={r:<2} trainable {added:>10,} of {sizes['LLaMA-7B'] + added:,} = {share:.4%}")
print(f"your guess for the first: {guess_share} %")

# %% [markdown] lang="en"
# Six hundredths of one per cent, not 1–5 %. What does `peft` say? On the `meta` device it adapts a model of 7 billion parameters in a moment, without a byte of weights:

# %% [markdown] lang="ru"
# Шесть сотых процента, а не 1–5 %. Что скажет `peft`? На устройстве `meta` она адаптирует модель из 7 миллиардов параметров за мгновение, без единого байта весов:

# %%
start = time.perf_counter()
with torch.device("meta"):
    config = LoraConfig(r=8, lora_alpha=32, target_modules=["q_proj", "v_proj"], lora_dropout=0.05)
    adapted = get_peft_model(LlamaForCausalLM(LlamaConfig()), config)
adapted.print_trainable_parameters()
print(f"{time.perf_counter() - start:.1f} s")

# %% [markdown] lang="en"
# To the last digit. `target_modules="all-linear"` is the shorthand for every linear layer but the output; nearly every guide today starts there.
#
# Now the memory of 4.1 can be computed without a guess. How small may LLaMA-70B get?

# %% [markdown] lang="ru"
# До последней цифры. `target_modules="all-linear"` — сокращение для всех линейных слоёв, кроме выходного; с этого сегодня начинает почти любое руководство.
#
# Теперь память из 4.1 можно посчитать без догадок. Насколько мала может стать LLaMA-70B?

# %%
trained = count_lora_parameters(llama_70b, 8, all_linear)
for method in ("full fp32", "lora", "lora 4-bit"):
    needed = sum(training_memory(sizes["LLaMA-70B"], method, trained if "lora" in method else 0).values())
    print(f"{method:>10}: {needed / 1e9:8,.1f} GB")

# %% [markdown] lang="en"
# From more than a terabyte to what one or two large GPUs hold.
#
# ## 4.5 LoRA as it is used: peft
#
# By hand you have wrapped one layer. The library `peft` finds all layers that the target modules name, wraps them, freezes the rest, and can save and load what was trained. A `LoraConfig` says what it should do; you have met its `r`, `lora_alpha` and `target_modules`.
#
# A classifier needs one thing more. Its **head** is new, with random weights: there is nothing pre-trained in it to keep, so it is trained as a whole and saved with the adapter. `task_type="SEQ_CLS"` (sequence classification) says so; without it the head stays frozen at random numbers.
#
# ### Exercise 5: `adapt`
# *Difficulty 2 of 4 · 6 minutes · 2 points*
#
# The scale alpha / r should be 2 at every rank.

# %% [markdown] lang="ru"
# С более чем терабайта до того, что помещается на одном-двух больших GPU.
#
# ## 4.5 LoRA на практике: peft
#
# Своими руками вы обернули один слой. Библиотека `peft` находит все слои, которые называют target modules, оборачивает их, замораживает остальное и умеет сохранять и загружать то, что обучено. Что делать, ей говорит `LoraConfig`; с его `r`, `lora_alpha` и `target_modules` вы уже знакомы.
#
# Классификатору нужно ещё кое-что. Его **голова** новая, со случайными весами: ничего предобученного в ней нет и беречь нечего, поэтому её обучают целиком и сохраняют вместе с адаптером. Об этом говорит `task_type="SEQ_CLS"` (классификация последовательностей); без него голова так и останется замороженной на случайных числах.
#
# ### Упражнение 5: `adapt`
# *Сложность 2 из 4 · 6 минут · 2 балла*
#
# Множитель alpha / r должен быть равен 2 при любом ранге.

# %% exercise="adapt"
def adapt(model: nn.Module, r: int, targets: list[str] | str) -> PeftModel:
    """Prepare a sequence classifier for LoRA of rank r, its head trained as a whole.

    Args:
        model: such as AutoModelForSequenceClassification gives.
        r: the rank; lora_alpha is twice that.
        targets: names of layers, or "all-linear", as `target_modules` takes them.
    """
    ### BEGIN SOLUTION
    config = LoraConfig(task_type="SEQ_CLS", r=r, lora_alpha=2 * r, target_modules=targets)
    return get_peft_model(model, config)
    ### END SOLUTION

# %% check="adapt" points=2
check("adapt", adapt)

# %% exercise="best_row"
def best_row(rows: list[dict]) -> dict:
    """Return the smallest adapter that is about as good as the best.

    Args:
        rows: one for each adapter, in any order: `targets`, `r`, `trained` (number of parameters),
            `accuracy` and `spread` (standard deviation over the seeds).

    Returns:
        of the rows whose accuracy is at least the best row's accuracy minus the best row's spread,
        the one with the fewest trained parameters.
    """
    ### BEGIN SOLUTION
    best = max(rows, key=lambda row: row["accuracy"])
    good = [row for row in rows if row["accuracy"] >= best["accuracy"] - best["spread"]]
    return min(good, key=lambda row: row["trained"])
    ### END SOLUTION

# %% check="best_row" points=2
check("best_row", best_row)
