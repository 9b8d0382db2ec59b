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
# # 1. Pre-training objectives
#
# **Level:** beginner · **Time:** 45–60 minutes · **You need:** basic Python, and to have seen a PyTorch tensor before
#
# Nobody labelled the text that BERT, GPT or LLaMA learned from. Where, then, did their lessons come from? In this notebook you make such lessons yourself, in four ways, pre-train four small models on them on your own machine, and measure what it was worth.

# %% [markdown] lang="ru"
# # 1. Задачи pre-training
#
# **Уровень:** начинающий · **Время:** 45–60 минут · **Понадобится:** основы Python и общее представление о тензорах PyTorch
#
# Тексты, на которых учились BERT, GPT и LLaMA, никто не размечал. Откуда же взялись их задания? В этой тетради вы сами составите такие задания четырьмя способами, проведёте по ним pre-training четырёх маленьких моделей на собственном компьютере и измерите, чего это стоило.

# %%
course.objectives()

# %%
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from lessonkit import check, corpus, figures, load_texts, plots, quiz, shapes

# %% [markdown] lang="en"
# ## 1.1 From scratch, or from what is already known
#
# The old way: for every task a new model with random weights, and for every task a great many labelled examples. Whatever one model learned was of no use to the next.
#
# **Transfer learning** does the expensive part once. A model first learns from data without labels, of which there is plenty: Wikipedia, books, web pages (CommonCrawl), pictures with their captions (LAION). This is **pre-training**. Each task then starts from those weights and needs only a few labels: this is **fine-tuning**.

# %% [markdown] lang="ru"
# ## 1.1 С нуля или с того, что уже известно
#
# Старый подход: для каждой задачи — новая модель со случайными весами, и для каждой задачи — множество размеченных примеров. То, чему научилась одна модель, другой никак не помогало.
#
# **Transfer learning** делает дорогую часть один раз. Сначала модель учится на данных без меток, которых много: Wikipedia, книги, веб-страницы (CommonCrawl), картинки с подписями (LAION). Это **pre-training**. Затем каждая задача начинается с этих весов и требует лишь немного меток: это **fine-tuning**.

# %%
figures.show("scratch_or_transfer")

# %% [markdown] lang="en"
# When did this change? In language processing around 2018, with ULMFiT, GPT and BERT. Computer vision had been there for years: there, weights learned on ImageNet were the usual starting point. (ImageNet's pictures *are* labelled, so its pre-training is supervised. What follows needs no labels at all.)
#
# ## 1.2 Labels out of nothing
#
# The trick is called **self-supervised learning**: hide a part of the data and let the model predict it from the rest. The hidden part is the label, and nobody had to write it. Four families do this in four ways:
#
# | type | the model has to | known models | you pre-train |
# |---|---|---|---|
# | **MLM**, masked language modelling | fill in masked tokens | BERT, RoBERTa | a BERT |
# | **CLM**, causal language modelling | say the next token | GPT, LLaMA | a Llama |
# | **contrastive** | tell what belongs together from what does not | CLIP, SimCLR | a CLIP |
# | **denoising** | restore a damaged text | BART, T5 | a T5 |
#
# All of them are real architectures from `transformers`, only very small: a fifth of a million parameters in place of hundreds of millions.

# %% [markdown] lang="ru"
# Когда это изменилось? В обработке языка — около 2018 года, с появлением ULMFiT, GPT и BERT. Компьютерное зрение пришло к этому на годы раньше: там обычной отправной точкой были веса, обученные на ImageNet. (Картинки ImageNet *размечены*, так что этот pre-training — с учителем. Всё, что ниже, меток не требует вовсе.)
#
# ## 1.2 Метки из ничего
#
# Этот приём называется **self-supervised learning**: спрячьте часть данных и пусть модель предскажет её по остальным. Спрятанная часть и есть метка, и писать её никому не пришлось. Четыре семейства делают это четырьмя способами:
#
# | тип | модель должна | известные модели | вы обучите |
# |---|---|---|---|
# | **MLM**, masked language modelling | вписать замаскированные токены | BERT, RoBERTa | BERT |
# | **CLM**, causal language modelling | назвать следующий токен | GPT, LLaMA | Llama |
# | **contrastive** | отличить то, что подходит друг другу, от того, что нет | CLIP, SimCLR | CLIP |
# | **denoising** | восстановить испорченный текст | BART, T5 | T5 |
#
# Всё это настоящие архитектуры из `transformers`, только очень маленькие: пятая часть миллиона параметров вместо сотен миллионов.

# %% [markdown] lang="en"
# ## 1.3 A small world
#
# A small model cannot learn all of English in half a minute. So it gets a small world: animals, kitchens, weather, feelings, and people who praise or blame what they see. A generator tells short stories about it; about 150 more were written by hand. Nothing in them is labelled.

# %% [markdown] lang="ru"
# ## 1.3 Маленький мир
#
# Маленькая модель не выучит весь английский за полминуты. Поэтому ей достаётся маленький мир: животные, кухни, погода, чувства и люди, которые хвалят или ругают то, что видят. Генератор рассказывает о нём короткие истории; ещё около 150 написаны вручную. Меток в них нет.

# %%
stories = corpus.build_corpus()
print(f"{len(stories):,} stories, {sum(map(len, stories)) / 1e6:.2f} million characters\n")
print(*stories[:3], sep="\n\n")

# %% [markdown] lang="en"
# Models read numbers, so each word gets one. A **tokenizer** is trained on the stories like a model is; ours simply takes every word that occurs six times or more. The rest becomes `[UNK]`. The special tokens come first: padding, beginning, end, the mask, and ten `<extra_id_…>` for section 1.8.

# %% [markdown] lang="ru"
# Модели читают числа, поэтому каждое слово получает свой номер. **Токенизатор**, как и модель, обучают на текстах; наш просто берёт каждое слово, встретившееся шесть раз или больше. Остальные становятся `[UNK]`. Сначала идут специальные токены: padding, начало, конец, маска и десять `<extra_id_…>` для раздела 1.8.

# %%
from tokenizers import Tokenizer, decoders, pre_tokenizers, processors, trainers
from tokenizers.models import WordLevel

fillers = [f"<extra_id_{i}>" for i in range(10)]
specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "</s>", *fillers]
words = Tokenizer(WordLevel(unk_token="[UNK]"))
words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()  # words and punctuation marks
words.decoder = decoders.WordPiece(cleanup=True)
trainer = trainers.WordLevelTrainer(special_tokens=specials, min_frequency=6, show_progress=False)
words.train_from_iterator(stories, trainer)

# %%
from transformers import PreTrainedTokenizerFast

ends = [(token, words.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
words.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
names |= {"mask_token": "[MASK]", "bos_token": "<s>", "eos_token": "</s>"}
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=words, additional_special_tokens=fillers, model_max_length=64, **names
)
encoded = tokenizer("The cat sat on the mat")
print(len(tokenizer), "tokens;", dict(zip(encoded.tokens(), encoded.input_ids)))

# %% [markdown] lang="en"
# Whole sentences are packed into rows of up to 38 tokens, so that a model sees a few sentences of one story together:

# %% [markdown] lang="ru"
# Целые предложения уложены в строки длиной до 38 токенов, чтобы модель видела вместе несколько предложений одной истории:

# %%
def pack(texts: list[str], longest: int) -> list[list[int]]:
    """Return rows of token ids, each of whole sentences of one text where they fit."""
    rows = []
    for text in texts:
        row = []
        for sentence in tokenizer(corpus.split_sentences(text), add_special_tokens=False).input_ids:
            if row and len(row) + len(sentence) > longest:
                rows.append(row)
                row = []
            row = (row + sentence)[:longest]
        rows.append(row)
    return rows


rows = pack(stories, 38)
print(f"{len(rows):,} rows; the first: {tokenizer.decode(rows[0])}")

# %% [markdown] lang="en"
# ## 1.4 Masked language modelling: BERT
#
# Hide some words, keep them as labels:

# %% [markdown] lang="ru"
# ## 1.4 Masked language modelling: BERT
#
# Спрячьте несколько слов и оставьте их как метки:

# %%
text = "The cat sat on the mat"
hidden = {1, 5}
print("input: ", " ".join("[MASK]" if i in hidden else word for i, word in enumerate(text.split())))
print("labels:", [word for i, word in enumerate(text.split()) if i in hidden])

# %% [markdown] lang="en"
# So far the idea. BERT refines it ([Devlin et al. 2019](https://arxiv.org/abs/1810.04805), section 3.1). 15 % of the tokens are **chosen** to be predicted, and of the chosen ones
#
# - 80 % become `[MASK]`,
# - 10 % become a random token,
# - 10 % stay as they are.
#
# Why not mask them all? Real texts hold no `[MASK]`. A model that only ever had to work where it sees one would have no reason to do anything at ordinary words.

# %% [markdown] lang="ru"
# Такова идея. BERT её уточняет ([Devlin et al. 2019](https://arxiv.org/abs/1810.04805), раздел 3.1). 15 % токенов **выбраны**, чтобы их предсказывать, и из выбранных
#
# - 80 % становятся `[MASK]`,
# - 10 % становятся случайным токеном,
# - 10 % остаются как есть.
#
# Почему не замаскировать все? В настоящих текстах нет `[MASK]`. Модели, которой приходилось бы работать только там, где она видит маску, было бы незачем что-либо делать на обычных словах.

# %%
figures.show("masking")

# %% [markdown] lang="en"
# ### Exercise 1: `mask_tokens`
# *Difficulty 2 of 4 · 10 minutes · 3 points*
#
# The label of a token that was not chosen is −100: PyTorch's cross-entropy skips such places. Each token decides for itself, with its own random number.
#
# <details><summary>Hint: how do I do something with 80 % of the chosen tokens?</summary>
#
# Draw a second random number for each place with `torch.rand(input_ids.shape)`: below 0.8 means mask, from 0.9 on means random token.
#
# </details>

# %% [markdown] lang="ru"
# ### Упражнение 1: `mask_tokens`
# *Сложность 2 из 4 · 10 минут · 3 балла*
#
# Метка невыбранного токена — −100: такие места кросс-энтропия PyTorch пропускает. Каждый токен решает сам, по собственному случайному числу.
#
# <details><summary>Подсказка: как сделать что-то с 80 % выбранных токенов?</summary>
#
# Возьмите для каждого места второе случайное число через `torch.rand(input_ids.shape)`: меньше 0,8 — маска, от 0,9 — случайный токен.
#
# </details>

# %% exercise="mask_tokens"
def mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, probability=0.15):
    """Choose tokens to predict, as BERT does.

    Args:
        input_ids: (batch, length) token ids; leave this tensor as it is.
        special_tokens_mask: (batch, length), 1 at [CLS], [SEP] and padding, which are never chosen.
        mask_token_id, vocab_size: the id of [MASK]; random tokens are drawn from 0 ... vocab_size - 1.
        probability: the share of the tokens that are chosen.

    Draw with PyTorch's own random numbers, so that `torch.manual_seed` repeats a run.

    Returns:
        (batch, length) inputs for the model, and (batch, length) labels: the original id where a
        token was chosen, -100 elsewhere.
    """
    ### BEGIN SOLUTION
    chosen = torch.rand(input_ids.shape) < probability
    chosen &= ~special_tokens_mask.bool()
    labels = input_ids.masked_fill(~chosen, -100)
    fate = torch.rand(input_ids.shape)
    inputs = input_ids.masked_fill(chosen & (fate < 0.8), mask_token_id)
    random_ids = torch.randint(vocab_size, input_ids.shape)
    return torch.where(chosen & (fate >= 0.9), random_ids, inputs), labels
    ### END SOLUTION

# %% check="mask_tokens" points=3
check("mask_tokens", mask_tokens)

# %% [markdown] lang="en"
# In practice `DataCollatorForLanguageModeling` of `transformers` does what you have just written. We take yours. A **collate function** turns a list of rows into a batch; the `DataLoader` calls it again and again, so a row is masked differently each time it comes by. Rows of similar length go into one batch: then little of it is padding, and no time is spent on nothing. We choose 30 % in place of 15 %: a small model in a hurry learns more from each row.

# %% [markdown] lang="ru"
# На практике то, что вы сейчас написали, делает `DataCollatorForLanguageModeling` из `transformers`. Мы возьмём ваше. **Функция collate** превращает список строк в батч; `DataLoader` вызывает её снова и снова, поэтому каждый раз строка маскируется по-новому. В один батч попадают строки близкой длины: тогда в нём мало padding и время не тратится впустую. Выбираем 30 % вместо 15 %: маленькая модель, которая спешит, так узнаёт из каждой строки больше.

# %%
def collate_mlm(rows: list[list[int]]) -> dict[str, torch.Tensor]:
    """Pad the rows of a batch to one length, and hide some of their tokens."""
    ends = {"input_ids": [[tokenizer.cls_token_id, *row, tokenizer.sep_token_id] for row in rows]}
    batch = tokenizer.pad(ends, return_tensors="pt")
    special = torch.isin(batch.input_ids, torch.tensor(tokenizer.all_special_ids))
    inputs, labels = mask_tokens(
        batch.input_ids, special, tokenizer.mask_token_id, len(tokenizer), probability=0.3
    )
    return {"input_ids": inputs, "attention_mask": batch.attention_mask, "labels": labels}


def by_length(rows: list[list[int]], size: int) -> list[list[list[int]]]:
    """Cut the rows, sorted by length, into batches."""
    rows = sorted(rows, key=len)
    return [rows[start : start + size] for start in range(0, len(rows), size)]


torch.manual_seed(0)
mlm_batches = DataLoader(by_length(rows, 48), batch_size=None, shuffle=True, collate_fn=collate_mlm)
print({name: tuple(values.shape) for name, values in next(iter(mlm_batches)).items()})

# %% [markdown] lang="en"
# One training loop serves all four models: take a batch, compute the loss, follow its gradient, draw the curve.

# %% [markdown] lang="ru"
# Один цикл обучения подойдёт всем четырём моделям: взять батч, посчитать функцию потерь, шагнуть по градиенту, нарисовать кривую.

# %%
def pretrain(model, batches, loss_of, optimizer, steps: int) -> nn.Module:
    """Train `model` for a number of steps on the loss that `loss_of(model, batch)` gives."""
    highest = optimizer.defaults["lr"]
    plan = torch.optim.lr_scheduler.OneCycleLR(optimizer, highest, steps, pct_start=0.1, cycle_momentum=False)
    curve = plots.LossCurve(steps)
    for _, batch in zip(tqdm(range(steps)), endless(batches)):
        loss = loss_of(model, {name: values.to(course.device) for name, values in batch.items()})
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        plan.step()
        optimizer.zero_grad()
        curve.add(loss.item())
    curve.finish()
    return model.eval()

# %%
def endless(batches):
    """Go through the batches again and again."""
    while True:
        yield from batches


def scaled(steps: int) -> int:
    """The number of steps in this profile: all of them, or only a few for grading."""
    return max(20, int(steps * course.profile.pretraining))

# %% [markdown] lang="en"
# **Predict.** Before training, the model knows nothing: each of the words in its vocabulary is equally likely. The loss is the logarithm of how many words it hesitates between. What is it at the first step, `math.log(len(tokenizer))` or 0? And where will it end?

# %% [markdown] lang="ru"
# **Прогноз.** До обучения модель ничего не знает: все слова её словаря равновероятны. Функция потерь — это логарифм числа слов, между которыми модель колеблется. Чему она равна на первом шаге: `math.log(len(tokenizer))` или 0? И где она закончится?

# %%
from transformers import BertConfig, BertForMaskedLM

size = {"vocab_size": len(tokenizer), "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
plain = {"attn_implementation": "eager"}  # the quickest for rows as short as ours
config = BertConfig(
    **size, **plain, intermediate_size=128, max_position_embeddings=64, initializer_range=0.05,
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, pad_token_id=tokenizer.pad_token_id,
)
torch.manual_seed(0)
bert = BertForMaskedLM(config).to(course.device)
print(f"{bert.num_parameters():,} parameters; expected first loss: {np.log(len(tokenizer)):.2f}")

# %% [markdown] lang="en"
# `bert(**batch).loss` is the loss. Since only the chosen places count, we let the last layer speak only there: the same number for less work.

# %% [markdown] lang="ru"
# `bert(**batch).loss` и есть функция потерь. Но считаются только выбранные места, поэтому последний слой отвечает только на них: то же число за меньшую работу.

# %%
def mlm_loss(model, batch) -> torch.Tensor:
    chosen = batch["labels"] != -100
    hidden = model.bert(batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    return F.cross_entropy(model.cls(hidden[chosen]), batch["labels"][chosen])


batch = {name: values.to(course.device) for name, values in next(iter(mlm_batches)).items()}
print(f"{bert(**batch).loss.item():.4f} = {mlm_loss(bert, batch).item():.4f}")

# %%
torch.manual_seed(0)
optimizer = torch.optim.AdamW(bert.parameters(), lr=8e-3, betas=(0.9, 0.98), fused=True)
bert = pretrain(bert, mlm_batches, mlm_loss, optimizer, scaled(1500))

# %% [markdown] lang="en"
# First the loss falls fast: the model learns which words are frequent. Then it has to look at the neighbours. Ask it to fill in the blank:

# %% [markdown] lang="ru"
# Сначала функция потерь падает быстро: модель узнаёт, какие слова встречаются часто. Затем ей приходится смотреть на соседей. Попросите её вписать пропущенное:

# %%
@torch.inference_mode()
def fill_blank(sentence: str, top: int = 5) -> dict[str, float]:
    """Return the likeliest words for [MASK] and their probabilities."""
    batch = tokenizer(sentence, return_tensors="pt").to(course.device)
    place = batch.input_ids[0] == tokenizer.mask_token_id
    best = bert(**batch).logits[0, place].softmax(dim=-1).squeeze(0).topk(top)
    return dict(zip(tokenizer.convert_ids_to_tokens(best.indices.tolist()), best.values.tolist()))


blanks = ["The cat [MASK] on the mat.", "She ate the soup with a [MASK].", "The film was awful, so Anna [MASK].",
          "The room was lovely, so Anna [MASK]."]
plots.word_bars({sentence: fill_blank(sentence) for sentence in blanks})

# %% [markdown] lang="en"
# Nobody told it what soup is eaten with, or that "awful" makes people frown. Try sentences of your own; use words of its small world.
#
# ## 1.5 Causal language modelling: Llama
#
# GPT and LLaMA predict the **next** token. One text gives a whole row of exercises:

# %% [markdown] lang="ru"
# Никто не говорил ей, чем едят суп или что из-за "awful" люди хмурятся. Попробуйте свои предложения; берите слова из её маленького мира.
#
# ## 1.5 Causal language modelling: Llama
#
# GPT и LLaMA предсказывают **следующий** токен. Один текст даёт целую строку заданий:

# %%
text = ["The", "cat", "sat", "on", "the", "mat"]
pd.DataFrame({"input": [" ".join(text[:i]) for i in range(1, 6)], "label": text[1:]})

# %% [markdown] lang="en"
# A model does not go through them one by one. It gets the whole row at once and predicts at every place; the labels are the row itself, shifted by one. The last place has no next token, and padding is nothing to predict.
#
# ### Exercise 2: `next_token_labels`
# *Difficulty 1 of 4 · 5 minutes · 2 points*

# %% [markdown] lang="ru"
# Модель не проходит их по одному. Она получает всю строку сразу и предсказывает на каждом месте; метки — это сама строка, сдвинутая на один. У последнего места нет следующего токена, а padding предсказывать незачем.
#
# ### Упражнение 2: `next_token_labels`
# *Сложность 1 из 4 · 5 минут · 2 балла*

# %% exercise="next_token_labels"
def next_token_labels(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
    """Return (batch, length) labels: at each place the token that follows, -100 where none does.

    Args:
        input_ids: (batch, length), padded on the right; leave this tensor as it is.
        attention_mask: (batch, length), 1 at real tokens and 0 at padding, which is never a label.
    """
    ### BEGIN SOLUTION
    labels = torch.full_like(input_ids, -100)
    labels[:, :-1] = input_ids[:, 1:]
    labels[:, :-1][attention_mask[:, 1:] == 0] = -100
    return labels
    ### END SOLUTION

# %% check="next_token_labels" points=2
check("next_token_labels", next_token_labels)

# %% [markdown] lang="en"
# One thing is missing. A place that sees the whole row also sees the answer. So each place may look only at itself and to the left:

# %% [markdown] lang="ru"
# Не хватает одного. Место, которое видит всю строку, видит и ответ. Поэтому каждому месту разрешено смотреть только на себя и влево:

# %%
figures.show("causal_mask")

# %% [markdown] lang="en"
# ### Exercise 3: `causal_mask`
# *Difficulty 1 of 4 · 3 minutes · 1 point*

# %% [markdown] lang="ru"
# ### Упражнение 3: `causal_mask`
# *Сложность 1 из 4 · 3 минуты · 1 балл*

# %% exercise="causal_mask"
def causal_mask(length: int) -> torch.Tensor:
    """Return a (length, length) bool tensor: may the token of this row see that of this column?"""
    ### BEGIN SOLUTION
    return torch.ones(length, length, dtype=torch.bool).tril()
    ### END SOLUTION

# %% check="causal_mask" points=1
check("causal_mask", causal_mask)

# %% [markdown] lang="en"
# `LlamaForCausalLM` brings this mask along. Is it the same as yours? Give it yours, and compare:

# %% [markdown] lang="ru"
# В `LlamaForCausalLM` такая маска уже есть. Та ли это, что у вас? Передайте свою и сравните:

# %%
from transformers import LlamaConfig, LlamaForCausalLM

config = LlamaConfig(
    **size, **plain, intermediate_size=128, max_position_embeddings=64, tie_word_embeddings=True,
    pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
)
torch.manual_seed(0)
llama = LlamaForCausalLM(config).to(course.device)
ids = tokenizer("The cat sat on the mat", return_tensors="pt").input_ids.to(course.device)
yours = causal_mask(ids.shape[1])[None, None].to(course.device)
with torch.inference_mode():
    same = torch.allclose(llama(ids).logits, llama(ids, attention_mask=yours).logits, atol=1e-4)
print(f"{llama.num_parameters():,} parameters; the model's own mask is yours: {same}")

# %% [markdown] lang="en"
# The loss compares the prediction at each place with your label there. (Called with `labels=input_ids`, the model would shift by itself. Shifting twice is a classic mistake, so hand it either the one or the other.)

# %% [markdown] lang="ru"
# Функция потерь сравнивает предсказание на каждом месте с вашей меткой. (Если вызвать модель с `labels=input_ids`, она сдвинет их сама. Сдвинуть дважды — классическая ошибка, поэтому давайте ей либо одно, либо другое.)

# %%
def collate_clm(rows: list[list[int]]) -> dict[str, torch.Tensor]:
    ends = {"input_ids": [[tokenizer.bos_token_id, *row, tokenizer.eos_token_id] for row in rows]}
    batch = tokenizer.pad(ends, return_tensors="pt")
    labels = next_token_labels(batch.input_ids, batch.attention_mask)
    return {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask, "labels": labels}


def clm_loss(model, batch) -> torch.Tensor:
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    return F.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten())


torch.manual_seed(0)
clm_batches = DataLoader(by_length(rows, 24), batch_size=None, shuffle=True, collate_fn=collate_clm)

# %%
optimizer = torch.optim.AdamW(llama.parameters(), lr=6e-3, betas=(0.9, 0.98), fused=True)
llama = pretrain(llama, clm_batches, clm_loss, optimizer, scaled(800))

# %% [markdown] lang="en"
# A model of this kind writes: predict a token, append it, predict the next.

# %% [markdown] lang="ru"
# Модель такого рода пишет: предсказать токен, приписать его, предсказать следующий.

# %%
def continue_text(beginning: str) -> str:
    """Let the decoder go on."""
    batch = tokenizer(tokenizer.bos_token + beginning, add_special_tokens=False, return_tensors="pt")
    inputs = {name: batch[name].to(course.device) for name in ("input_ids", "attention_mask")}
    written = llama.generate(**inputs, max_new_tokens=30, do_sample=True, temperature=0.7)
    return tokenizer.decode(written[0], skip_special_tokens=True)


torch.manual_seed(1)
for beginning in ("The dog", "It rained, so", "The soup was awful", "My mother was sad because"):
    print("-", continue_text(beginning))

# %% [markdown] lang="en"
# The sentences mostly hang together, the stories do not: this model has seen little and is small. GPT and LLaMA do the same thing with far more of everything.
#
# ## 1.6 Contrastive learning: CLIP
#
# Here nothing is hidden. The data come in pairs that belong together, a picture and its caption, and the model has to find out **who belongs to whom**. Pictures go through one network, captions through another (two *towers*), and both end as vectors of the same length. Matching pairs should be close, all others far apart:

# %% [markdown] lang="ru"
# Предложения в основном связны, истории — нет: эта модель видела мало и сама мала. GPT и LLaMA делают то же самое, только всего у них намного больше.
#
# ## 1.6 Контрастивное обучение: CLIP
#
# Здесь ничего не спрятано. Данные приходят парами, которые подходят друг другу, — картинка и подпись, — и модель должна выяснить, **кто с кем в паре**. Картинки проходят через одну сеть, подписи через другую (две *башни*), и на выходе у обеих векторы одной длины. Подходящие пары должны оказаться рядом, все остальные — далеко:

# %%
known, unseen = shapes.all_shapes(held_out=False), shapes.all_shapes(held_out=True)
rng = np.random.default_rng(0)
pictures, captions = shapes.sample_pairs(known, 8, rng)
plots.picture_grid(pictures, captions)

# %% [markdown] lang="en"
# A batch of 8 pairs gives a table of 8 × 8 similarities. Each row asks: which caption belongs to this picture? Each column asks: which picture belongs to this caption? The right answers are on the diagonal; the other 7 of each row and column are the **negatives**. This loss is called InfoNCE ([Radford et al. 2021](https://arxiv.org/abs/2103.00020), figure 3).

# %% [markdown] lang="ru"
# Батч из 8 пар даёт таблицу 8 × 8 сходств. Каждая строка спрашивает: какая подпись подходит этой картинке? Каждый столбец: какая картинка подходит этой подписи? Верные ответы стоят на диагонали; остальные 7 в каждой строке и столбце — **негативы**. Эта функция потерь называется InfoNCE ([Radford et al. 2021](https://arxiv.org/abs/2103.00020), рис. 3).

# %%
figures.show("contrastive")

# %% [markdown] lang="en"
# ### Exercise 4: `clip_loss`
# *Difficulty 3 of 4 · 10 minutes · 3 points*
#
# The similarity is the cosine, that is the dot product of vectors of length 1. **Dividing** by a small temperature makes differences count more. The loss is the mean of both directions.
#
# <details><summary>Hint: cross-entropy of what?</summary>
#
# Row i is a classification with the right answer i: `F.cross_entropy(table, torch.arange(len(table)))`. For the columns, transpose the table.
#
# </details>

# %% [markdown] lang="ru"
# ### Упражнение 4: `clip_loss`
# *Сложность 3 из 4 · 10 минут · 3 балла*
#
# Сходство — это косинус, то есть скалярное произведение векторов длины 1. **Деление** на небольшую температуру усиливает различия. Функция потерь — среднее по обоим направлениям.
#
# <details><summary>Подсказка: кросс-энтропия чего?</summary>
#
# Строка i — это классификация с верным ответом i: `F.cross_entropy(table, torch.arange(len(table)))`. Для столбцов транспонируйте таблицу.
#
# </details>

# %% exercise="clip_loss"
def clip_loss(image_embeds: torch.Tensor, text_embeds: torch.Tensor, temperature) -> torch.Tensor:
    """Return CLIP's symmetric loss, a single number, of a batch of pairs.

    Args:
        image_embeds, text_embeds: (batch, width), of any length; row i of both belong together.
        temperature: cosine similarities are divided by it; a number, or a tensor that is learned
            too. It may be as small as 0.01, where a plain `exp` overflows.
    """
    ### BEGIN SOLUTION
    images, texts = F.normalize(image_embeds, dim=-1), F.normalize(text_embeds, dim=-1)
    table = images @ texts.T / temperature
    partner = torch.arange(len(table), device=table.device)
    return (F.cross_entropy(table, partner) + F.cross_entropy(table.T, partner)) / 2
    ### END SOLUTION

# %% check="clip_loss" points=3
check("clip_loss", clip_loss)

# %% [markdown] lang="en"
# Now the two towers. Eight combinations of colour and form, such as a red star, never occur in training. The temperature is learned too; CLIP keeps the logarithm of its inverse in `logit_scale`.

# %% [markdown] lang="ru"
# Теперь две башни. Восемь сочетаний цвета и формы, например красная звезда, в обучении не встречаются ни разу. Температура тоже обучается; CLIP хранит логарифм обратной к ней величины в `logit_scale`.

# %%
from transformers import CLIPConfig, CLIPModel

tower = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
text_tower = {"vocab_size": len(tokenizer), "max_position_embeddings": 16, "pad_token_id": tokenizer.pad_token_id,
              "bos_token_id": tokenizer.cls_token_id, "eos_token_id": tokenizer.sep_token_id}
config = CLIPConfig(
    text_config=tower | text_tower, vision_config=tower | {"image_size": shapes.SIDE, "patch_size": 4},
    projection_dim=64, **plain,
)
torch.manual_seed(0)
clip = CLIPModel(config).to(course.device)
print(f"{clip.num_parameters():,} parameters")

# %%
def picture_inputs(pictures: np.ndarray, captions: list[str]) -> dict[str, torch.Tensor]:
    words = tokenizer(captions, padding=True, return_tensors="pt")
    pixels = torch.from_numpy(shapes.to_pixels(pictures))
    return {"input_ids": words.input_ids, "attention_mask": words.attention_mask, "pixel_values": pixels}


def contrastive_loss(model, batch) -> torch.Tensor:
    out = model(**batch)
    return clip_loss(out.image_embeds, out.text_embeds, 1 / model.logit_scale.exp())


pair_batches = (picture_inputs(*shapes.sample_pairs(known, 48, rng)) for _ in iter(int, 1))
optimizer = torch.optim.AdamW(clip.parameters(), lr=2e-3, betas=(0.9, 0.98), fused=True)
clip = pretrain(clip, pair_batches, contrastive_loss, optimizer, scaled(700))

# %% [markdown] lang="en"
# Nobody trained a classifier, and yet this is one: compare a picture with a sentence for each class and take the nearest. That is **zero-shot classification**. There are 48 combinations, so guessing is right once in 48 times. **Predict:** how often is the model right on combinations that it has never seen together?

# %% [markdown] lang="ru"
# Классификатор никто не обучал, и всё же он у нас есть: сравните картинку с предложением для каждого класса и возьмите ближайшее. Это **zero-shot классификация**. Сочетаний 48, так что наугад верен один ответ из 48. **Прогноз:** как часто модель права на сочетаниях, которых никогда не видела вместе?

# %%
classes = sorted({shape.name for shape in known + unseen})


@torch.inference_mode()
def zero_shot(some: list[shapes.Shape]) -> tuple[np.ndarray, list[str], list[bool]]:
    """Return a picture of each shape, the caption that the model chooses, and whether it is right."""
    pictures = np.stack([shapes.render(**vars(shape), rng=rng) for shape in some])
    inputs = {name: values.to(course.device) for name, values in picture_inputs(pictures, classes).items()}
    chosen = [classes[i] for i in clip(**inputs).logits_per_image.argmax(dim=-1)]
    return pictures, chosen, [name == shape.name for name, shape in zip(chosen, some)]


for name, some in {"seen in training": known, "never seen together": unseen}.items():
    right = zero_shot(some)[2]
    print(f"{name}: {np.mean(right):.0%} of {len(some)} right; guessing: {1 / len(classes):.0%}")

# %%
plots.picture_grid(*zero_shot([unseen[i] for i in rng.choice(len(unseen), 16, replace=False)]))

# %% [markdown] lang="en"
# "Red" and "star" were learned apart, from other pictures, and put together here. That is why CLIP can be asked about things nobody made a class for.
#
# ### Exercise 5: `nt_xent` (stretch)
# *Difficulty 4 of 4 · 15 minutes · 2 points*
#
# SimCLR needs no captions either. It takes two **views** of every picture, say two croppings, and the two views of one picture are the pair. With a batch of n pictures there are 2n views; each one has its partner as the right answer and all others, but not itself, as negatives ([Chen et al. 2020](https://arxiv.org/abs/2002.05709), algorithm 1).

# %% [markdown] lang="ru"
# "Red" и "star" выучены порознь, по другим картинкам, а здесь соединены. Поэтому CLIP можно спрашивать о том, для чего никто не заводил класса.
#
# ### Упражнение 5: `nt_xent` (для желающих)
# *Сложность 4 из 4 · 15 минут · 2 балла*
#
# SimCLR обходится даже без подписей. Он берёт два **вида** каждой картинки, скажем, две по-разному вырезанные части, и пару составляют два вида одной картинки. У батча из n картинок 2n видов; для каждого верный ответ — его напарник, а негативы — все остальные, кроме него самого ([Chen et al. 2020](https://arxiv.org/abs/2002.05709), алгоритм 1).

# %% exercise="nt_xent"
def nt_xent(first: torch.Tensor, second: torch.Tensor, temperature: float = 0.5) -> torch.Tensor:
    """Return SimCLR's loss, a single number: the mean over all 2 * batch views.

    Args:
        first, second: (batch, width), of any length; row i of both are views of picture i.
        temperature: cosine similarities are divided by it.
    """
    ### BEGIN SOLUTION
    views = F.normalize(torch.cat([first, second]), dim=-1)
    table = views @ views.T / temperature
    table = table.masked_fill(torch.eye(len(views), dtype=torch.bool), float("-inf"))
    partner = torch.arange(len(views)).roll(len(first))
    return F.cross_entropy(table, partner)
    ### END SOLUTION

# %% check="nt_xent" points=2
check("nt_xent", nt_xent)

# %% [markdown] lang="en"
# ## 1.7 Denoising: T5
#
# The fourth family damages a text and asks for it back. BART hides each **span**, one word or several, behind a single mask and has to write out the *whole* text. T5 is thriftier: each span becomes a numbered placeholder (a *sentinel*), and only the missing words have to be written:

# %% [markdown] lang="ru"
# ## 1.7 Denoising: T5
#
# Четвёртое семейство портит текст и просит его вернуть. BART прячет каждый **отрезок**, одно слово или несколько, за одной маской и должен написать *весь* текст. T5 экономнее: каждый отрезок становится нумерованной заглушкой (*sentinel*), и написать нужно только пропавшие слова:

# %%
figures.show("denoising")

# %% [markdown] lang="en"
# The labels hold each placeholder, then the words it stands for, and one more placeholder that says "end" ([Raffel et al. 2020](https://arxiv.org/abs/1910.10683), section 3.1.4).
#
# ### Exercise 6: `corrupt_spans`
# *Difficulty 2 of 4 · 10 minutes · 3 points*
#
# Plain lists this time, one sentence at a time.

# %% [markdown] lang="ru"
# В метках стоит каждая заглушка, за ней слова, которые она заменяет, и ещё одна заглушка в знак конца ([Raffel et al. 2020](https://arxiv.org/abs/1910.10683), раздел 3.1.4).
#
# ### Упражнение 6: `corrupt_spans`
# *Сложность 2 из 4 · 10 минут · 3 балла*
#
# На этот раз обычные списки, по одному предложению.

# %% exercise="corrupt_spans"
def corrupt_spans(token_ids: list, spans: list, sentinel_ids: list) -> tuple[list, list]:
    """Cut spans out of a sentence, as T5 does.

    Args:
        token_ids: the sentence; leave this list as it is.
        spans: (start, end) of each span, from left to right, `end` excluded; they never touch.
        sentinel_ids: ids of <extra_id_0>, <extra_id_1>, ...

    Returns:
        the inputs, in which each span has become the next sentinel, and the labels: each sentinel
        followed by the tokens of its span, and one more sentinel at the end.

    Example:
        corrupt_spans([11, 12, 13, 14], [(1, 3)], [7, 8]) == ([11, 7, 14], [7, 12, 13, 8])
    """
    ### BEGIN SOLUTION
    inputs, labels, position = [], [], 0
    for sentinel, (start, end) in zip(sentinel_ids, spans):
        inputs += [*token_ids[position:start], sentinel]
        labels += [sentinel, *token_ids[start:end]]
        position = end
    return inputs + token_ids[position:], [*labels, sentinel_ids[len(spans)]]
    ### END SOLUTION

# %% check="corrupt_spans" points=3
check("corrupt_spans", corrupt_spans)

# %% [markdown] lang="en"
# Where to cut is drawn at random: spans of one to three words, with at least two words between them.

# %% [markdown] lang="ru"
# Где резать, решает случай: отрезки от одного до трёх слов, между ними не меньше двух слов.

# %%
import random


def random_spans(length: int) -> list[tuple[int, int]]:
    """Choose spans of one to three tokens that do not touch."""
    spans, start = [], random.randint(0, 4)
    while start < length:
        end = min(length, start + random.randint(1, 3))
        spans.append((start, end))
        start = end + random.randint(2, 7)
    return spans


sentinel_ids = tokenizer.convert_tokens_to_ids(fillers)
inputs, labels = corrupt_spans(tokenizer("The cat sat on the mat.", add_special_tokens=False).input_ids, [(1, 2), (4, 6)], sentinel_ids)
print(tokenizer.decode(inputs), "→", tokenizer.decode(labels))

# %%
def collate_denoising(rows: list[list[int]]) -> dict[str, torch.Tensor]:
    pairs = [corrupt_spans(row, random_spans(len(row)), sentinel_ids) for row in rows]
    end = [tokenizer.eos_token_id]
    source = tokenizer.pad({"input_ids": [inputs + end for inputs, _ in pairs]}, return_tensors="pt")
    target = tokenizer.pad({"input_ids": [labels + end for _, labels in pairs]}, return_tensors="pt")
    labels = target.input_ids.masked_fill(target.attention_mask == 0, -100)
    return {"input_ids": source.input_ids, "attention_mask": source.attention_mask, "labels": labels}


random.seed(0)
torch.manual_seed(0)
sentences = [row for row in pack(stories, 16) if len(row) >= 5]
denoising_batches = DataLoader(by_length(sentences, 40), batch_size=None, shuffle=True, collate_fn=collate_denoising)

# %% [markdown] lang="en"
# T5 has an encoder that reads and a decoder that writes. Like its authors we train it with the optimizer Adafactor, whose steps are in proportion to the size of each weight.

# %% [markdown] lang="ru"
# У T5 есть энкодер, который читает, и декодер, который пишет. Как и её авторы, обучаем её оптимизатором Adafactor: его шаги соразмерны величине каждого веса.

# %%
from transformers import T5Config, T5ForConditionalGeneration

config = T5Config(
    vocab_size=len(tokenizer), d_model=64, d_kv=16, num_heads=4, d_ff=128, num_layers=2, dropout_rate=0.0,
    pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
    decoder_start_token_id=tokenizer.pad_token_id, **plain,
)
torch.manual_seed(0)
t5 = T5ForConditionalGeneration(config).to(course.device)
print(f"{t5.num_parameters():,} parameters")

# %%
optimizer = torch.optim.Adafactor(t5.parameters(), lr=6e-2)
t5 = pretrain(t5, denoising_batches, lambda model, batch: model(**batch).loss, optimizer, scaled(900))

# %%
def repair(sentence: str) -> str:
    """Let the model write what belongs in place of <extra_id_0>, <extra_id_1>, ..."""
    ids = [*tokenizer(sentence, add_special_tokens=False).input_ids, tokenizer.eos_token_id]
    batch = torch.tensor([ids], device=course.device)
    written = t5.generate(
        input_ids=batch, attention_mask=torch.ones_like(batch), max_new_tokens=16, num_beams=4,
        suppress_tokens=[tokenizer.unk_token_id],
    )
    pieces = tokenizer.decode(written[0]).split("<extra_id_")
    for piece in pieces[1:]:
        number, _, words = piece.partition(">")
        sentence = sentence.replace(f"<extra_id_{number}>", f"**{words.replace('</s>', '').strip()}**")
    return sentence


for broken in ("The cat sat <extra_id_0>.", "The dog <extra_id_0> at the cat.",
               "The room was <extra_id_0>, so Anna <extra_id_1>.", "She ate the soup with a <extra_id_0>."):
    print(broken, "→", repair(broken))

# %% [markdown] lang="en"
# A few of its repairs are apt, others have the right grammar and the wrong thing. Each row here is a short sentence or two, with little around it to learn from, and the model has to write as well as to understand.

# %% [markdown] lang="ru"
# Одни исправления удачны, в других грамматика верна, а вещь не та. Каждая строка здесь — одно-два коротких предложения: вокруг мало того, на чём можно учиться, и модели приходится не только понимать, но и писать.

# %% [markdown] lang="en"
# ## 1.8 What was it worth?
#
# Now the promise is put to the test. A new task: does a short text **praise** or **blame**? It comes with labels, but with few. And it has a catch: the words of praise and blame in the *test* texts occur in no labelled example. Whoever knows them must have met them elsewhere.

# %% [markdown] lang="ru"
# ## 1.8 Чего это стоило?
#
# Теперь проверим обещание. Новая задача: короткий текст **хвалит** или **ругает**? У неё есть метки, но их мало. И в ней есть подвох: слова похвалы и порицания из *тестовых* текстов не встречаются ни в одном размеченном примере. Кто их знает, тот встречал их где-то ещё.

# %%
opinions = load_texts("opinions")
label_names = opinions["train"].features["label"].names
for split in ("train", "test"):
    for row in opinions[split].select(range(4)):
        print(f"{split:>5} | {label_names[row['label']]:>6} | {row['text']}")

# %% [markdown] lang="en"
# Two contestants, the same model but for one thing: one starts from the BERT that you have just pre-trained, the other from random weights. **Predict** what share of the test texts each gets right after 32 labelled examples. A coin gets 0.5.

# %% [markdown] lang="ru"
# Два участника, одна и та же модель с одним отличием: один начинает с BERT, которую вы только что обучили, другой — со случайных весов. **Спрогнозируйте**, какую долю тестовых текстов каждый угадает после 32 размеченных примеров. Монетка даст 0,5.

# %%
guess_random_start = None  # for example 0.60
guess_pretrained = None  # for example 0.70

# %%
from transformers import BertModel


class OpinionModel(nn.Module):
    """An encoder, the mean of its token vectors, and a linear head with two outputs."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.hidden_size, 2)

    def forward(self, input_ids, attention_mask):
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1)
        return self.head((hidden * mask).sum(dim=1) / mask.sum(dim=1))

# %%
def encode(split: str) -> tuple[dict, torch.Tensor]:
    columns = opinions[split][:]
    batch = tokenizer(columns["text"], padding=True, return_tensors="pt").to(course.device)
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    return inputs, torch.tensor(columns["label"], device=course.device)


texts = {split: encode(split) for split in ("train", "validation", "test")}


def accuracy(model: nn.Module, split: str) -> float:
    inputs, labels = texts[split]
    with torch.inference_mode():
        return (model(**inputs).argmax(dim=-1) == labels).float().mean().item()

# %%
def fine_tune(encoder: BertModel, count: int, seed: int, steps: int = 40) -> nn.Module:
    """Train encoder and head on `count` labelled texts, 16 at a time."""
    torch.manual_seed(seed)
    model = OpinionModel(encoder).to(course.device)
    inputs, labels = texts["train"]
    chosen = torch.cat([(labels == label).nonzero()[:, 0][torch.randperm(160)[: count // 2]] for label in (0, 1)])
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, steps, cycle_momentum=False)
    for _ in range(steps):
        some = chosen[torch.randperm(count)[:16]]
        logits = model(**{name: values[some] for name, values in inputs.items()})
        F.cross_entropy(logits, labels[some]).backward()
        optimizer.step()
        plan.step()
        optimizer.zero_grad()
    return model

# %%
import copy

starts = {
    "pre-trained start": lambda: copy.deepcopy(bert.bert),
    "random start": lambda: BertModel(bert.config, add_pooling_layer=False),
}
counts = [count for count in course.profile.label_counts if count <= 256]
panels = {"words that the labelled texts hold": "validation", "words in no labelled text": "test"}
scores = {(panel, start, n): [] for panel in panels for start in starts for n in counts}
for start, n in tqdm([(start, n) for start in starts for n in counts]):
    for seed in range(course.profile.seeds):
        torch.manual_seed(seed)
        model = fine_tune(starts[start](), n, seed)
        for panel, split in panels.items():
            scores[panel, start, n].append(accuracy(model, split))

# %%
curves = {
    panel: {start: {n: (np.mean(scores[panel, start, n]), np.std(scores[panel, start, n])) for n in counts} for start in starts}
    for panel in panels
}
plots.label_curves(curves, {"pre-trained start": guess_pretrained, "random start": guess_random_start})
table = {(panel, start): {n: f"{mean:.2f} ± {std:.2f}" for n, (mean, std) in curve.items()}
         for panel, starts_of in curves.items() for start, curve in starts_of.items()}
pd.DataFrame(table).T

# %% [markdown] lang="en"
# Read both panels.
#
# - **Left**, the texts hold words that were labelled. Both models can learn this; the pre-trained one needs fewer labels for it.
# - **Right**, the words were never labelled. The random start stays at a coin's level, however many labels it gets: it has no way to know. The pre-trained one has read thousands of stories in which "dreadful" stands beside frowns and "splendid" beside thanks, so a few labels for *other* words are enough to tell it which group is which.
# - The error bars are standard deviations over the seeds. At very few labels they are wide: then it matters which examples you happened to label.
#
# This is the whole course in one picture. Pre-training was done **once**, without a label. What it learned serves a task that nobody had in mind.

# %% [markdown] lang="ru"
# Прочтите обе панели.
#
# - **Слева** в текстах стоят слова, для которых метки были. Этому могут научиться обе модели; предобученной нужно меньше меток.
# - **Справа** меток для этих слов не было. Случайный старт остаётся на уровне монетки, сколько бы меток он ни получил: узнать ему неоткуда. Предобученная модель прочла тысячи историй, где "dreadful" стоит рядом с нахмуренными лицами, а "splendid" — с благодарностью, поэтому нескольких меток для *других* слов хватает, чтобы сказать ей, какая группа какая.
# - Планки погрешностей — стандартные отклонения по seed. При очень малом числе меток они широки: тогда важно, какие примеры вам довелось разметить.
#
# Это весь курс на одном рисунке. Pre-training проведён **один раз**, без единой метки. То, чему модель научилась, служит задаче, о которой никто не думал.

# %% [markdown] lang="en"
# ## 1.9 Keep your models
#
# Saved as `transformers` saves every model: a configuration, weights in the safetensors format, the tokenizer. Lessons 4 and 5 work with models made by this very notebook; they bring their own copies, so each lesson can be opened by itself.

# %% [markdown] lang="ru"
# ## 1.9 Сохраните свои модели
#
# Так `transformers` сохраняет любую модель: конфигурация, веса в формате safetensors, токенизатор. Уроки 4 и 5 работают с моделями, созданными этой самой тетрадью; копии у них с собой, поэтому любой урок можно открыть отдельно.

# %%
from pathlib import Path

for name, model in {"tiny_bert": bert, "tiny_llama": llama, "tiny_clip": clip, "tiny_t5": t5}.items():
    folder = Path("my_models", name)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    print(folder, f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f} MB")

# %% [markdown] lang="en"
# ## Quiz
#
# Choose a letter on the card, or write it into the line above the card. Practice questions explain themselves at once; graded ones are marked when you hand the notebook in.

# %% [markdown] lang="ru"
# ## Тест
#
# Выберите букву на карточке или впишите её в строку над карточкой. Вопросы для тренировки объясняют ответ сразу; вопросы на оценку проверяются, когда вы сдаёте тетрадь.

# %% quiz=1
answer_1 = ""  # @param ["", "A", "B", "C", "D"]
quiz(1, answer_1)

# %% quiz=2
answer_2 = ""  # @param ["", "A", "B", "C", "D"]
quiz(2, answer_2)

# %% quiz=3 points=2
answer_3 = ""  # @param ["", "A", "B", "C", "D"]
quiz(3, answer_3)

# %% quiz=4 points=2
answer_4 = ""  # @param ["", "A", "B", "C", "D"]
quiz(4, answer_4)

# %% quiz=5 points=2
answer_5 = ""  # @param ["", "A", "B", "C", "D"]
quiz(5, answer_5)

# %% [markdown] lang="en"
# ## Summary
#
# - **Pre-training** learns from data without labels: hide a part, predict it from the rest. **Transfer learning** then carries the weights over to tasks with few labels.
# - **MLM** (BERT) hides tokens and sees both sides: good for understanding. 80 % masked, 10 % random, 10 % unchanged; −100 where nothing is to be predicted.
# - **CLM** (GPT, LLaMA) predicts the next token and must not see it: labels shifted by one, a causal mask. Good for writing.
# - **Contrastive** learning (CLIP, SimCLR) pulls pairs together and pushes all others apart; comparing with a sentence for each class gives zero-shot classification.
# - **Denoising** (BART, T5) damages a text and restores it.
# - On few labels a pre-trained start beats a random one clearly, also on words that no label ever named.
#
# Your models are tiny. Next you take one that somebody else has pre-trained on a billion sentence pairs, and use it as it is: **feature extraction**.

# %% [markdown] lang="ru"
# ## Итоги
#
# - **Pre-training** учится на данных без меток: спрячь часть и предскажи её по остальному. Затем **transfer learning** переносит веса на задачи, где меток мало.
# - **MLM** (BERT) прячет токены и видит обе стороны: хорошо для понимания. 80 % под маской, 10 % случайных, 10 % без изменений; −100 там, где предсказывать нечего.
# - **CLM** (GPT, LLaMA) предсказывает следующий токен и не должен его видеть: метки сдвинуты на один, маска каузальная. Хорошо для письма.
# - **Контрастивное** обучение (CLIP, SimCLR) сближает пары и отдаляет всё остальное; сравнение с предложением для каждого класса даёт zero-shot классификацию.
# - **Denoising** (BART, T5) портит текст и восстанавливает его.
# - При малом числе меток предобученный старт явно обходит случайный, в том числе на словах, которых ни одна метка не называла.
#
# Ваши модели крошечные. Дальше вы возьмёте ту, которую кто-то другой обучил на миллиарде пар предложений, и используете её как есть: **feature extraction**.
